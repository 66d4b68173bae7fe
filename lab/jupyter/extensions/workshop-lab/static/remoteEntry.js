// The course in JupyterLab: the pipeline map docked beside the lesson, and launcher entries for both.
// Written as the container that JupyterLab's loader expects (`init`, `get`), so that it needs no build step:
// JupyterLab's own packages come out of the share scope it hands over.

(() => {
  const NAME = "workshop-lab";
  const MAP_ID = "workshop-map";
  const EVERY_MS = 1000;
  const CATEGORY = "Workshop";
  const WAIT_FOR_LESSON_MS = 15000;
  const LESSON_PX = 800; // What a line of 80 characters of code takes in a cell, with the prompt and the margins beside it.
  const MAP_PX = [440, 720]; // The map's least and greatest width.
  const FILES_PX = 1800; // From this width of the window the file browser, the lesson and the map fit side by side.
  const SEEN_KEY = "workshop-lab:begun";
  const MAP_SVG =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><g class="jp-icon3" fill="none" stroke="#616161" stroke-width="1.8">' +
    '<rect x="2.5" y="3" width="7" height="5" rx="1"/><rect x="14.5" y="3" width="7" height="5" rx="1"/><rect x="2.5" y="16" width="7" height="5" rx="1"/>' +
    '<rect x="14.5" y="16" width="7" height="5" rx="1"/><path d="M6 8v8M18 16V8M9.5 18.5h5M14.5 5.5h-5"/></g></svg>';
  let scope = {};

  /** One of JupyterLab's own packages, as it runs here. */
  async function shared(name) {
    const [version] = Object.values(scope[name] ?? {});
    if (!version) throw new Error(`JupyterLab does not share ${name}`);
    return (await version.get())();
  }

  const pageConfig = () => JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  const address = (path) => `${pageConfig().baseUrl ?? "/"}${path}`;

  /** What a panel's script takes for its model: traits, listeners, and nowhere to send commands to. */
  function modelOf(traits) {
    const listeners = new Map();
    return {
      get: (name) => traits[name],
      on: (event, act) => listeners.set(event, [...(listeners.get(event) ?? []), act]),
      off: (event, act) => listeners.set(event, (listeners.get(event) ?? []).filter((held) => held !== act)),
      send: () => {},
      put(name, value) {
        traits[name] = value;
        (listeners.get(`change:${name}`) ?? []).forEach((act) => act());
      },
    };
  }

  async function snapshot() {
    const answer = await fetch(address("workshop/map"), { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`JupyterLab answered ${answer.status}`);
    return answer.json();
  }

  function ask(model) {
    return snapshot().then(
      (seen) => { model.put("snapshot", seen); model.put("notice", seen.notice ?? {}); },
      (error) => model.put("notice", {
        level: "trouble", text: `The map hears nothing: ${error.message}.`,
        remedy: "JupyterLab's server may have stopped: start ./workshop again, then reload this page.", number: Date.now(),
      }),
    );
  }

  /** The docked map: asks once a second while somebody can see it. */
  async function mapWidget(Widget, icon) {
    const widget = new Widget();
    widget.id = MAP_ID;
    widget.title.label = "Pipeline map";
    widget.title.caption = "Every hop of the pipeline, live";
    widget.title.icon = icon;
    widget.title.closable = true;
    widget.node.style.overflow = "auto";
    widget.node.style.padding = "8px";
    widget.node.tabIndex = -1;
    const style = document.createElement("link");
    Object.assign(style, { rel: "stylesheet", href: address("workshop/panels/pipeline_map.css") });
    const here = document.createElement("div");
    widget.node.append(style, here);
    const model = modelOf({ heading: "Pipeline map", snapshot: { loading: true }, notice: {} });
    const panel = await import(address("workshop/panels/pipeline_map.js"));
    const unmount = panel.default.render({ model, el: here });
    let asking = false;
    const timer = setInterval(async () => {
      if (asking || document.hidden || !widget.isVisible) return;
      asking = true;
      await ask(model);
      asking = false;
    }, EVERY_MS);
    widget.disposed.connect(() => { clearInterval(timer); unmount?.(); });
    return widget;
  }

  /** The first document in the main area; undefined when none came in time. */
  function lesson(shell) {
    const find = () => [...shell.widgets("main")].find((widget) => widget.context && widget.id !== MAP_ID);
    return new Promise((resolve) => {
      const started = Date.now();
      const look = () => {
        const found = find();
        if (found || Date.now() - started > WAIT_FOR_LESSON_MS) resolve(found);
        else setTimeout(look, 200);
      };
      look();
    });
  }

  /** The lesson gets the width of its code, the map the rest. */
  function share(dockPanel, map) {
    const whole = dockPanel?.node.clientWidth, handle = [...(dockPanel?.handles() ?? [])].find((one) => one.offsetWidth);
    if (!handle || !map.isVisible) return;
    const width = Math.min(MAP_PX[1], Math.max(MAP_PX[0], whole - LESSON_PX));
    dockPanel.layout.moveHandle(handle, whole - width, 0);
  }

  /** On a small window the course begins without the file browser; later it stays as the learner left it. */
  function makeRoom(shell) {
    try {
      if (innerWidth < FILES_PX && !localStorage.getItem(SEEN_KEY)) shell.collapseLeft();
      localStorage.setItem(SEEN_KEY, "yes");
    } catch { /* without storage nothing is remembered, and nothing is changed */ }
  }

  async function dock(app, make, activate) {
    const there = [...app.shell.widgets("main")].find((widget) => widget.id === MAP_ID);
    if (there) { app.shell.activateById(MAP_ID); return; }
    const beside = activate ? undefined : await lesson(app.shell);
    const options = { mode: "split-right", activate };
    const map = await make();
    if (!activate) makeRoom(app.shell);
    app.shell.add(map, "main", beside ? { ...options, ref: beside.id } : options);
    if (beside) setTimeout(() => share(map.parent, map), 300); // Once the panel has its size.
  }

  async function plugin() {
    const [{ ILauncher }, { ICommandPalette }, { Widget }, { LabIcon }] = await Promise.all(
      ["@jupyterlab/launcher", "@jupyterlab/apputils", "@lumino/widgets", "@jupyterlab/ui-components"].map(shared));
    return {
      id: `${NAME}:map`, autoStart: true, optional: [ILauncher, ICommandPalette],
      activate(app, launcher, palette) {
        const icon = new LabIcon({ name: `${NAME}:map`, svgstr: MAP_SVG });
        const make = () => mapWidget(Widget, icon);
        app.commands.addCommand("workshop:map", { label: "Pipeline map", caption: "Dock the live pipeline map", icon,
          execute: () => dock(app, make, true) });
        app.commands.addCommand("workshop:lessons", { label: "Start of the course", caption: "Open lesson 00", icon,
          execute: async () => {
            const { first } = await (await fetch(address("workshop/course"))).json();
            return app.commands.execute(first.endsWith(".ipynb") ? "docmanager:open" : "filebrowser:open-path", { path: first });
          } });
        ["workshop:lessons", "workshop:map"].forEach((command, rank) => {
          launcher?.add({ command, category: CATEGORY, rank });
          palette?.addItem({ command, category: CATEGORY });
        });
        app.restored.then(() => dock(app, make, false)).catch((error) => console.error(`${NAME}:`, error));
      },
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB[NAME] = {
    init: (shareScope) => { scope = shareScope; },
    get: async () => {
      const held = await plugin();
      return () => ({ __esModule: true, default: held });
    },
  };
})();
