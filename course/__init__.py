"""The authored course: one folder per lesson, all listed in manifest.toml. Built into notebooks/ and solutions/."""
