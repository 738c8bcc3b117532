const { rmSync } = require('node:fs');
const { join } = require('node:path');

/** Electron's own demonstration app is no part of ours: OnlyLoadAppFromAsar would look for it where ours is missing. */
module.exports = ({ appOutDir, packager }) => {
  if (packager.platform.name === 'linux') rmSync(join(appOutDir, 'resources', 'default_app.asar'), { force: true });
};
