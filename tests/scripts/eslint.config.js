// The rules that every panel's script keeps: eslint's own recommended ones, in a browser's module.
import js from "@eslint/js";

const BROWSER = [
  "CSS", "Intl", "MutationObserver", "ResizeObserver", "addEventListener", "cancelAnimationFrame", "clearInterval",
  "clearTimeout", "console", "document", "getComputedStyle", "localStorage", "location", "matchMedia", "navigator", "performance",
  "removeEventListener", "requestAnimationFrame", "setInterval", "setTimeout", "window",
];

export default [
  {
    ...js.configs.recommended,
    languageOptions: { globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])) },
  },
];
