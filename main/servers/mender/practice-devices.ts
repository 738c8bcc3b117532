import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, parseJson, PracticeProblem, requireJson } from '../practice/practice-http';
import { parseDeviceKey, signatureIsGood } from './practice-keys';
import type { PracticeRules } from './practice-rules';
import type { PracticeUsers } from './practice-users';

/** POST /api/devices/v1/authentication/auth_requests: a device asks to be let in. @throws PracticeProblem 400, 401, 415 */
export function answerAuthRequest(request: PracticeRequest, rules: PracticeRules, users: PracticeUsers): PracticeReply {
  requireJson(request);
  const invalid = 'invalid auth request';
  const body = parseJson(request.body, 'failed to decode auth request');
  if (!isObject(body)) throw new PracticeProblem(400, 'failed to decode auth request: json: cannot unmarshal into Go value of type model.AuthReq');
  const { id_data: identityText = '', pubkey = '' } = body;
  if (typeof identityText !== 'string' || typeof pubkey !== 'string') {
    throw new PracticeProblem(400, 'failed to decode auth request: json: cannot unmarshal into Go struct field AuthReq of type string');
  }
  if (identityText === '') throw new PracticeProblem(400, `${invalid}: id_data must be provided`);
  if (pubkey === '') throw new PracticeProblem(400, `${invalid}: pubkey must be provided`);
  const key = parseDeviceKey(pubkey, invalid);
  const identity = parseJson(Buffer.from(identityText, 'utf8'), invalid);
  if (!isObject(identity)) throw new PracticeProblem(400, `${invalid}: json: cannot unmarshal into Go value of type map[string]interface {}`);
  const signature = request.headers['x-men-signature'];
  if (typeof signature !== 'string' || signature === '') throw new PracticeProblem(400, 'missing request signature header');
  if (!signatureIsGood(key.key, request.body, signature)) throw new PracticeProblem(401, 'signature verification failed');
  const { device, set } = rules.admit(identity, key.pem);
  return { status: 200, text: users.deviceToken(device.id, set.id), contentType: 'application/jwt' };
}
