import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesBelow } from '../support/files.mjs';
import { inRoot } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';
import { run } from '../support/run.mjs';
import { bashCompletion, fishCompletion, manPage, zshCompletion } from './completions.mjs';
import { readCommandTable } from './command-table.mjs';
import { sizeOf } from './contents.mjs';

/** Libraries that the program is linked to, as Debian 12 and as 13 and Ubuntu 24.04 call them, and what postinst uses. */
const DEPENDS = [
  'libgtk-3-0 | libgtk-3-0t64', 'libnss3', 'libasound2 | libasound2t64', 'libgbm1', 'libatk-bridge2.0-0 | libatk-bridge2.0-0t64', 'libdrm2', 'libxss1', 'libstdc++6',
  // Loaded by name at the first window, which a look at what it is linked to does not show.
  'libx11-xcb1',
  'udev', 'passwd', 'mount',
];
/** The desktop's keyring keeps credentials and the log's key; without it the station says what that means. */
const RECOMMENDS = ['libsecret-1-0', 'gnome-keyring', 'fonts-dejavu-core', 'libgl1', 'libegl1'];

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
const HOME = 'opt/imprint';

/**
 * Makes the Debian package out of the unpacked program, by dpkg-deb alone.
 * @param {{program: string, folder: string, arch: 'x64' | 'arm64', version: string, file: string, note?: string, quick?: boolean, date: Date}} of `folder` is made anew; `note`: a line of the
 *   description that says what this package is not for; `quick`: larger, in a tenth of the time; `date`: of every file in it, so that the same program gives the same package
 */
export async function makeDeb({ program, folder, arch, version, file, note, quick = false, date }) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(program, join(folder, HOME), { recursive: true, verbatimSymlinks: true });
  const packaging = (...parts) => inRoot('packaging', ...parts);
  const put = (path, content, mode = 0o644) => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    chmodSync(target, mode);
  };
  const table = await readCommandTable();
  put('usr/bin/imprint', readFileSync(packaging('deb', 'launcher')), 0o755);
  put('usr/share/applications/imprint.desktop', readFileSync(packaging('deb', 'imprint.desktop')));
  for (const size of [16, 32, 48, 64, 128, 256, 512]) put(`usr/share/icons/hicolor/${size}x${size}/apps/imprint.png`, readFileSync(packaging('icons', `${size}x${size}.png`)));
  put('usr/share/icons/hicolor/scalable/apps/imprint.svg', readFileSync(packaging('icons', 'imprint.svg')));
  put('usr/share/man/man1/imprint.1.gz', compressed(manPage(table, version)));
  put('usr/share/bash-completion/completions/imprint', bashCompletion(table));
  put('usr/share/zsh/vendor-completions/_imprint', zshCompletion(table));
  put('usr/share/fish/vendor_completions.d/imprint.fish', fishCompletion(table));
  put('usr/share/doc/imprint/copyright', copyright());
  put('usr/share/doc/imprint/changelog.gz', compressed(`imprint (${version}) stable; urgency=medium\n\n  * See the project's history.\n\n -- Imprint <imprint@localhost>  ${date.toUTCString().replace('GMT', '+0000')}\n`));
  put('etc/security/limits.d/imprint.conf', readFileSync(packaging('rights', 'limits.conf')));
  for (const script of ['postinst', 'prerm', 'postrm']) put(`DEBIAN/${script}`, readFileSync(packaging('deb', script)), 0o755);
  put('DEBIAN/conffiles', '/etc/security/limits.d/imprint.conf\n');
  const installed = Math.ceil(sizeOf(folder) / 1024);
  const description = ['Provisioning station: a key of its own for every device', ...(note === undefined ? [] : [note]), 'Makes a key pair for every device, makes its server expect exactly that key, writes the private key', 'onto the SD card while flashing it, reads the card back, and records it all in a tamper-evident log.'];
  put(
    'DEBIAN/control',
    [
      'Package: imprint',
      `Version: ${version}`,
      `Architecture: ${ARCHITECTURES[arch]}`,
      'Maintainer: Imprint <imprint@localhost>',
      `Installed-Size: ${installed}`,
      `Depends: ${[`libc6 (>= ${libcOf(program)})`, ...DEPENDS].join(', ')}`,
      `Recommends: ${RECOMMENDS.join(', ')}`,
      'Suggests: apparmor',
      'Section: utils',
      'Priority: optional',
      `Description: ${description.join('\n ')}`,
      '',
    ].join('\n'),
  );
  put('DEBIAN/md5sums', await sums(folder));
  rightsOf(folder);
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(Math.floor(date.getTime() / 1000)) };
  const { code, output } = await run('dpkg-deb', ['--root-owner-group', ...(quick ? ['-Zgzip', '-z1'] : ['-Zxz']), '--build', folder, file], { env });
  if (code !== 0 || !existsSync(file)) throw new Problem(`dpkg-deb could not make ${file}:\n${output.trim()}`);
  rmSync(folder, { recursive: true, force: true });
}

/** The oldest C library that every program and library in it can start with: what they are linked to names its version. */
function libcOf(program) {
  const binaries = filesBelow(program).filter((path) => /(\.node|\.so(\.\d+)?|\/(imprint|chrome-sandbox|chrome_crashpad_handler))$/.test(path));
  const named = binaries.flatMap((path) => [...readFileSync(path).toString('latin1').matchAll(/\0GLIBC_(2\.\d+)(?=\0|\.)/g)].map(([, version]) => version));
  return named.reduce((newest, version) => (Number(version.slice(2)) > Number(newest.slice(2)) ? version : newest), '2.0');
}

/** gzip without a name and a time. */
const compressed = (text) => gzipSync(Buffer.from(text), { level: 9 });

function copyright() {
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Imprint

Files: *
Copyright: the authors of Imprint
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
 What Imprint contains of others: /${HOME}/resources/third-party-licences.txt,
 /${HOME}/LICENSE.electron.txt, /${HOME}/LICENSES.chromium.html.
`;
}

async function sums(folder) {
  const files = filesBelow(folder).map((path) => path.slice(folder.length + 1)).filter((path) => !path.startsWith('DEBIAN/') && path !== 'etc/security/limits.d/imprint.conf');
  const { code, output } = await run('env', ['-C', folder, 'md5sum', ...files]);
  if (code !== 0) throw new Problem(`The files of the package could not be summed:\n${output.trim()}`);
  return output;
}

/** Whatever the umask was when they were made: everybody reads, nobody but root writes. */
function rightsOf(folder) {
  for (const path of filesBelow(folder)) {
    const inside = path.slice(folder.length + 1);
    const runs = /^(DEBIAN\/(postinst|prerm|postrm)|usr\/bin\/imprint|opt\/imprint\/(imprint|chrome-sandbox|chrome_crashpad_handler|resources\/rights\/install-rights))$/.test(inside);
    chmodSync(path, runs ? 0o755 : 0o644);
    for (let above = dirname(path); above.length >= folder.length; above = dirname(above)) chmodSync(above, 0o755);
  }
}
