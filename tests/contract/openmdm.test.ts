import { describe } from 'vitest';
import { newDeviceKey } from '../support/device-key';
import { describeMdmEnrolment } from './openmdm-enrolment-contract';
import { describeMdmCards } from './openmdm-cards-contract';
import type { MdmUnderContract } from './openmdm-fixture';
import { newMdmIdentity, practiceMdm, realAdminToken, realMdm, realMdmUrl } from './openmdm-fixture';
import type { ServerUnderContract } from './server-contract';
import { describeServerContract } from './server-contract';

async function underContract(make: () => Promise<MdmUnderContract>): Promise<ServerUnderContract> {
  const { kind, settings, secrets, wrong, practice, api, close } = await make();
  return {
    kind,
    settings,
    secrets,
    wrong,
    newIdentity: () => newMdmIdentity(),
    newKey: newDeviceKey,
    rules: { expectedStatus: 'pending', otherStatuses: ['enrolled', 'blocked'], severalKeys: false, tellsFirst: false, freesIdentity: false },
    fillPages: practice === undefined ? undefined : () => fillPages({ api, practice }),
    close,
  };
}

/** Three pages of the admin's list; the search is put out of the way, because it would spare the adapter from reading them. */
async function fillPages({ api, practice }: { readonly api: MdmUnderContract['api']; readonly practice: NonNullable<MdmUnderContract['practice']> }) {
  const first = newMdmIdentity({ serialNumber: 'IMPRINT-TEST-%' });
  for (let count = 0; count <= 250; count += 1) {
    const { model = '', manufacturer = '', osVersion = '', serialNumber = '' } = count === 0 ? first : newMdmIdentity();
    // The percent sign of the first finds all of them, as the server's search does not escape it.
    await api.enrolBySecret({ model, manufacturer, osVersion, serialNumber, method: 'manual' }, practice.deviceSecret, new Date().toISOString());
  }
  return first;
}

describeServerContract('OpenMDM, practice server over TLS', () => underContract(practiceMdm));
describeMdmEnrolment('practice server', practiceMdm);
describeMdmCards('practice server', practiceMdm);

describe.skipIf(realMdmUrl === undefined)('against a real server', () => {
  // What the contract looks at is shown to an admin only.
  describe.skipIf(realAdminToken === undefined)('with an admin token', () => {
    describeServerContract('OpenMDM, real server', () => underContract(realMdm));
  });
  describeMdmEnrolment('real server', realMdm);
  describeMdmCards('real server', realMdm);
});
