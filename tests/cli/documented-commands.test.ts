/**
 * The walk-throughs as their reader does them: the README's first card and the cookbook's recipes, each profile and each command
 * as it stands there, against practice servers. Only what is the reader's own is put in: addresses, credentials, the card's place.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPracticeBridge, type PracticeBridge } from '../../main/servers/iot-bridge/practice-server';
import { systemClock, systemRandomness } from '../contract/mender-fixture';
import { blocks, documentedCommands, imprintWords, page, section, type Page } from '../support/documentation';
import { decodedPracticeImage, goldenImage } from '../support/practice-image';
import { startImprint, startMdmProcess, startServerProcess, temporaryFolder, type MdmServerProcess, type ServerProcess } from '../support/station';

interface Json {
  readonly [name: string]: unknown;
}

describe('the documented walk-throughs', () => {
  const home = temporaryFolder();
  let image: string;
  let mender: ServerProcess;
  let mdm: MdmServerProcess;
  let bridge: PracticeBridge;

  beforeAll(async () => {
    ({ path: image } = await decodedPracticeImage(home));
    [mender, mdm, bridge] = await Promise.all([
      startServerProcess(join(home)),
      startMdmProcess(join(home)),
      startPracticeBridge({ clock: systemClock, randomness: systemRandomness, folder: join(home, 'tenant') }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([mender.stop(), mdm.stop(), bridge.close()]);
    rmSync(home, { recursive: true, force: true });
  });

  /** A reader at a station of their own: `~/line` is this folder, and `/dev/sdb` a file in it. */
  function reader(name: string): { readonly line: string; readonly write: (one: Page, server: (documented: Json) => Json) => void; readonly runAll: (one: Page, environment: NodeJS.ProcessEnv, expected: number) => Promise<void> } {
    const line = join(home, name);
    mkdirSync(line);
    return {
      line,
      /** The page's profile to where the page says, with what is the reader's own. */
      write(one, server) {
        const [block] = blocks(one).filter(({ language }) => language === 'json');
        const [, file] = /`~\/line\/([\w-]+\.json)`/.exec(block?.before ?? '') ?? [];
        if (block === undefined || file === undefined) throw new Error(`${one.path} does not say where its profile lies.`);
        const profile = JSON.parse(block.text) as { server: Json; image: { path: string } };
        const path = join(line, profile.image.path);
        copyFileSync(path.endsWith('.xz') ? goldenImage : image, path);
        writeFileSync(join(line, file), JSON.stringify({ ...profile, server: { ...profile.server, ...server(profile.server) } }));
      },
      async runAll(one, environment, expected) {
        const commands = documentedCommands({ path: one.path, text: blocks(one).filter(({ language }) => language === 'sh').map(({ text }) => `\`\`\`sh\n${text}\`\`\`\n`).join('\n') });
        expect(commands).toHaveLength(expected);
        for (const { line: documented, words } of commands) {
          const own = (imprintWords(words) ?? []).map((word) => word.replace(/^~\/line\//, `${line}/`).replace(/^\/dev\/sdb$/, join(line, 'card.img')));
          const { exitCode, stderr } = await startImprint([...own, '--data', join(line, 'data')], environment).done;
          // What doctor says of this computer is not the documentation's business.
          const succeeded = exitCode === 0 || (own[0] === 'doctor' && exitCode === 1);
          expect([documented, succeeded, succeeded ? '' : stderr]).toEqual([documented, true, '']);
        }
      },
    };
  }

  const menderServer = (line: string) => (documented: Json): Json => {
    copyFileSync(mender.caFile, join(line, 'ca.pem'));
    return { url: mender.url, caFile: 'ca.pem', credentials: { username: mender.username, password: (documented['credentials'] as { password?: unknown }).password ?? { environment: 'MENDER_PASSWORD' } } };
  };

  // Each has a station of its own, and most of the time of each is one process after the other.
  it.concurrent('README: the first real card', async () => {
    const { line, write, runAll } = reader('first');
    const first = section(page('README.md'), 'The first real card');
    write(first, menderServer(line));
    // The last block opens the window on the same profile.
    await runAll({ path: first.path, text: first.text.slice(0, first.text.indexOf('The window on the same profile')) }, { MENDER_PASSWORD: mender.password }, 4);
  });

  it.concurrent('cookbook: Mender on a Raspberry Pi', async () => {
    const { line, write, runAll } = reader('pi');
    const recipe = section(page('docs/cookbook.md'), 'Mender on a Raspberry Pi');
    write(recipe, menderServer(line));
    await runAll(recipe, { MENDER_PASSWORD: mender.password }, 5);
  });

  it.concurrent('cookbook: Mender on a BeagleBone', async () => {
    const { line, write, runAll } = reader('bone');
    const recipe = section(page('docs/cookbook.md'), 'Mender on a BeagleBone');
    write(recipe, menderServer(line));
    await runAll(recipe, { MENDER_PASSWORD: mender.password }, 2);
  });

  it.concurrent('cookbook: a tenant\'s IoT Bridge', async () => {
    const { line, write, runAll } = reader('gateway');
    writeFileSync(join(line, 'provider-root.pem'), bridge.rootPem);
    writeFileSync(join(line, 'provider-ica.pem'), bridge.intermediatePem);
    writeFileSync(join(line, 'web.pem'), bridge.certificateAuthorityPem);
    const recipe = section(page('docs/cookbook.md'), 'A tenant\'s IoT Bridge');
    write(recipe, (documented) => {
      const { hawkBit, stepCa, ...options } = documented['options'] as { hawkBit: Json; stepCa: { provisioner: Json } };
      return {
        url: bridge.bridgeUrl,
        options: { ...options, hawkBit: { ...hawkBit, url: bridge.hawkBitUrl, username: bridge.hawkBitUser.username }, stepCa: { url: bridge.stepCaUrl, provisioner: { ...stepCa.provisioner, name: bridge.provisioner.name } } },
      };
    });
    const { privateJwk, keyId } = bridge.provisioner;
    await runAll(recipe, { HAWKBIT_PASSWORD: bridge.hawkBitUser.password, PROVISIONER_KEY: JSON.stringify({ ...privateJwk, kid: keyId }) }, 3);
  });

  it.concurrent('cookbook: OpenMDM', async () => {
    const { line, write, runAll } = reader('tablet');
    copyFileSync(mdm.caFile, join(line, 'ca.pem'));
    const recipe = section(page('docs/cookbook.md'), 'OpenMDM');
    write(recipe, () => ({ url: mdm.url }));
    await runAll(recipe, { MDM_ADMIN_TOKEN: mdm.adminToken }, 3);
  });
});
