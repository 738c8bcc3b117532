import { describe, expect, it, vi } from 'vitest';
import type { AskForSecret } from '../../main/compose/secrets';
import { Keyring, stationSecrets } from '../../main/compose/secrets';

// Outside of a window there is no Electron to ask for a keyring.
vi.mock('electron', () => ({ safeStorage: { getSelectedStorageBackend: () => 'basic_text' } }));

describe('a one-time code', () => {
  const questions: { name: string; canKeep: boolean }[] = [];
  const secretsThatAsk = (answers: (string | undefined)[]) => {
    questions.length = 0;
    const ask: AskForSecret = async (name, canKeep) => {
      questions.push({ name, canKeep });
      const value = answers.shift();
      return value === undefined ? undefined : { value, keep: true };
    };
    return stationSecrets(new Keyring('/nowhere'), ask);
  };

  it('is asked for each time, with the account, and never kept', async () => {
    const secrets = secretsThatAsk([' 123456 ', '654321']);
    await expect(secrets.oneTimeCode('line@example.com')).resolves.toBe('123456');
    await expect(secrets.oneTimeCode('line@example.com')).resolves.toBe('654321');
    expect(questions).toEqual(Array.from({ length: 2 }, () => ({ name: 'One-time code of line@example.com', canKeep: false })));
  });

  it('is missing where nobody answers', async () => {
    for (const answer of [undefined, '  ']) {
      await expect(secretsThatAsk([answer]).oneTimeCode('line@example.com')).rejects.toMatchObject({ code: 'credential-missing', message: expect.stringContaining('personal access token') as string });
    }
  });
});
