import { describe } from 'vitest';
import type { Identity } from '../../main/domain/identity';
import { describeMenderApi } from './mender-api-contract';
import { describeMenderDeviceApi } from './mender-device-contract';
import type { MenderUnderTest } from './mender-fixture';
import { devices, newIdentity, newKey, practiceUnderTest, quickMender, realServerUrl, realUnderTest, removeDevices } from './mender-fixture';
import { newDeviceKey } from '../support/device-key';
import type { ServerUnderContract } from './server-contract';
import { describeServerContract } from './server-contract';

async function underContract(make: () => Promise<MenderUnderTest>): Promise<ServerUnderContract> {
  const server = await make();
  const used: Identity[] = [];
  return {
    kind: quickMender,
    settings: server.settings,
    secrets: server.secrets,
    wrong: server.wrong,
    newIdentity: () => {
      const identity = newIdentity();
      used.push(identity);
      return identity;
    },
    newKey: newDeviceKey,
    fillPages: server.practice === undefined ? undefined : () => fillPages(server),
    close: async () => {
      await removeDevices(server, used);
      await server.close();
    },
  };
}

/** Three pages; the inventory is put out of the way, because its hint would spare the adapter from reading them. */
async function fillPages(server: MenderUnderTest): Promise<Identity> {
  server.practice?.faults.add({ method: 'POST', path: /\/inventory\//, times: 1000, action: { kind: 'reply', status: 403 } });
  const { pem } = newKey();
  for (let at = 0; at < 1001; at += 50) await Promise.all(Array.from({ length: 50 }, () => server.raw.preauthorize(newIdentity(), pem)));
  const page = (await server.raw.send('GET', `${devices}?per_page=500&page=3`)).json() as { identity_data: Identity }[];
  const last = page.at(-1);
  if (last === undefined) throw new Error('The practice server has no third page.');
  return last.identity_data;
}

describeServerContract('Mender, practice server over TLS', () => underContract(() => practiceUnderTest({ decommissioning: 150 })));
describeMenderApi('practice server', practiceUnderTest);
describeMenderDeviceApi('practice server', practiceUnderTest);

describe.skipIf(realServerUrl === undefined)('against a real server', () => {
  describeServerContract('Mender, real server', () => underContract(realUnderTest));
  describeMenderApi('real server', realUnderTest);
  describeMenderDeviceApi('real server', realUnderTest);
});
