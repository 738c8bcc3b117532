/** The record against the server, both ways: a real record, the practice server over TLS. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareWithServer, type AuditFinding, type AuditReport } from '../../main/station/audit';
import { importForeignDevices } from '../../main/station/foreign-import';
import { devices, newIdentity, newKey } from '../contract/mender-fixture';
import { never, openLine, type Line } from '../support/line';

let line: Line;

beforeEach(async () => {
  line = await openLine();
});

afterEach(async () => {
  await line.close();
});

async function audit(signal = never): Promise<{ report: AuditReport; findings: AuditFinding[]; progress: number[] }> {
  const findings: AuditFinding[] = [];
  const progress: number[] = [];
  const report = await compareWithServer(line.station, line.profile, (finding) => findings.push(finding), (done) => progress.push(done), signal);
  return { report, findings, progress };
}

const foreign = async (identity: Readonly<Record<string, string>>, pem: string): Promise<void> => {
  await importForeignDevices(line.station, `identity,public_key\n"${JSON.stringify(identity).replace(/"/g, '""')}",${pem.replace(/-----[A-Z ]+-----|\s/g, '')}\n`, 'others.csv');
};

describe('the audit', () => {
  it('finds nothing where both say the same', async () => {
    const device = await line.make();
    await line.make();
    await line.boot(device.identity, device.key);
    const key = newKey();
    const identity = newIdentity();
    await line.server.raw.preauthorize(identity, key.pem);
    await foreign(identity, key.pem);
    const { report, findings, progress } = await audit();
    expect(findings).toEqual([]);
    expect(report).toMatchObject({ recorded: 3, atServer: 3, matching: 3, findings: 0, complete: true });
    expect(progress.at(-1)).toBe(3);
  });

  it('finds every difference once, and names it', async () => {
    const [gone, replaced, second, copied, fine] = await Promise.all(Array.from({ length: 5 }, () => line.make()));
    if (!gone || !replaced || !second || !copied || !fine) throw new Error('five devices');
    for (const { serverDeviceId } of [gone, replaced]) await line.server.raw.send('DELETE', `${devices}/${serverDeviceId}`);
    await new Promise((resolve) => setTimeout(resolve, 80));
    await line.server.raw.preauthorize(replaced.identity, newKey().pem);
    await line.boot(second.identity, newKey());
    // The server takes one key under two identities.
    const copy = newIdentity();
    await line.server.raw.preauthorize(copy, copied.key.pem);
    const stranger = newIdentity();
    await line.server.raw.preauthorize(stranger, newKey().pem);
    const [missing, changed] = [newIdentity(), newIdentity()];
    await foreign(missing, newKey().pem);
    await foreign(changed, newKey().pem);
    await line.server.raw.preauthorize(changed, newKey().pem);
    const { report, findings } = await audit();
    const kinds = findings.map(({ kind, identity }) => `${kind} ${String(identity['mac'])}`).sort();
    const twice = findings.find(({ kind }) => kind === 'key-twice');
    expect([copy['mac'], copied.identity['mac']]).toContain(twice?.identity['mac']);
    expect(kinds).toEqual(
      [
        `only-in-record ${String(gone.identity['mac'])}`,
        `key-differs ${String(replaced.identity['mac'])}`,
        `second-key ${String(second.identity['mac'])}`,
        `key-twice ${String(twice?.identity['mac'])}`,
        `only-at-server ${String(copy['mac'])}`,
        `only-at-server ${String(stranger['mac'])}`,
        `foreign-missing ${String(missing['mac'])}`,
        `foreign-key-differs ${String(changed['mac'])}`,
      ].sort(),
    );
    expect(report).toMatchObject({ recorded: 7, atServer: 7, matching: 3, findings: 8, complete: true });
    for (const { sentence, identity } of findings) expect(sentence).toContain(String(identity['mac']));
    expect(findings.find(({ kind }) => kind === 'only-in-record')).toMatchObject({ deviceId: gone.deviceId });
  });

  it('says where the record let go of a device that the server still has, and nothing of a card on its way', async () => {
    const device = await line.makeWaiting();
    await line.server.raw.preauthorize(device.identity, device.key.pem);
    expect((await audit()).findings).toEqual([]);
    await line.station.record.endJob(device.jobId, 'failed', 'released', 'Given up.', new Date().toISOString());
    expect((await audit()).findings).toMatchObject([{ kind: 'only-at-server', deviceId: device.deviceId, sentence: expect.stringMatching(/released/) as string }]);
  });

  it('leaves the devices of other servers alone', async () => {
    await line.make();
    const elsewhere = await openLine();
    try {
      const findings: AuditFinding[] = [];
      await compareWithServer(line.station, { ...elsewhere.profile, server: { ...elsewhere.profile.server } }, (finding) => findings.push(finding), () => undefined, never).catch(() => undefined);
      expect(findings).toEqual([]);
    } finally {
      await elsewhere.close();
    }
  });

  it('says nothing about what is missing where it was stopped', async () => {
    const device = await line.make();
    await line.server.raw.send('DELETE', `${devices}/${device.serverDeviceId}`);
    await line.server.raw.preauthorize(newIdentity(), newKey().pem);
    const abort = new AbortController();
    const findings: AuditFinding[] = [];
    const report = await compareWithServer(line.station, line.profile, (finding) => findings.push(finding), () => abort.abort(), abort.signal);
    expect(report.complete).toBe(false);
    expect(findings.map(({ kind }) => kind)).not.toContain('only-in-record');
  });
});
