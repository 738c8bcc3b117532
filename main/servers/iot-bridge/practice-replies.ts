import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, PracticeProblem } from '../practice/practice-http';

/** One complaint of FastAPI about a request's body. */
export interface FieldComplaint {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, string>>;
}

/** A body that FastAPI refuses before the bridge sees it: 422 with a list instead of a sentence. */
export class PracticeInvalidBody extends PracticeProblem {
  constructor(readonly complaints: readonly FieldComplaint[]) {
    super(422, 'invalid body');
  }
}

/** How FastAPI answers no: `{"detail": …}`, but a 500 that nobody caught in plain text. */
export function bridgeProblem(problem: PracticeProblem): PracticeReply {
  if (problem instanceof PracticeInvalidBody) return { status: 422, json: { detail: problem.complaints }, contentType: 'application/json' };
  if (problem.status === 500) return { status: 500, text: 'Internal Server Error', contentType: 'text/plain; charset=utf-8' };
  return { status: problem.status, json: { detail: problem.message }, contentType: 'application/json', headers: problem.headers };
}

/** What one field of a model may be. */
export type FieldKind = 'text' | 'optional-text' | 'object' | 'object-or-text';

export interface FieldRule {
  readonly kind: FieldKind;
  readonly required: boolean;
}

/**
 * A JSON body checked as pydantic does: all complaints at once, unknown fields ignored.
 *
 * @throws PracticeInvalidBody
 */
export function readModel(request: PracticeRequest, rules: Readonly<Record<string, FieldRule>>): Record<string, unknown> {
  if (request.body.length === 0) throw new PracticeInvalidBody([{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]);
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  const isJson = type === 'application/json' || /^application\/[^/]+\+json$/.test(type);
  const body = isJson ? parse(request.body.toString('utf8')) : request.body.toString('utf8');
  if (!isObject(body)) {
    throw new PracticeInvalidBody([{ type: 'model_attributes_type', loc: ['body'], msg: 'Input should be a valid dictionary or object to extract fields from', input: body }]);
  }
  const complaints = Object.entries(rules).flatMap(([name, rule]) => complaintAbout(name, body, rule));
  if (complaints.length > 0) throw new PracticeInvalidBody(complaints);
  return body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    // Where the end came too early there is no position in the message.
    const at = Number(/position (\d+)/.exec(thrown instanceof Error ? thrown.message : '')?.[1] ?? text.length);
    throw new PracticeInvalidBody([{ type: 'json_invalid', loc: ['body', at], msg: 'JSON decode error', input: {}, ctx: { error: 'Expecting value' } }]);
  }
}

function complaintAbout(name: string, body: Record<string, unknown>, rule: FieldRule): FieldComplaint[] {
  const value = body[name];
  const loc = ['body', name];
  if (value === undefined) return rule.required ? [{ type: 'missing', loc, msg: 'Field required', input: body }] : [];
  const isText = typeof value === 'string';
  const notText: FieldComplaint = { type: 'string_type', loc, msg: 'Input should be a valid string', input: value };
  const notObject: FieldComplaint = { type: 'dict_type', loc, msg: 'Input should be a valid dictionary', input: value };
  switch (rule.kind) {
    case 'text':
      return isText ? [] : [notText];
    case 'optional-text':
      return isText || value === null ? [] : [notText];
    case 'object':
      return isObject(value) ? [] : [notObject];
    case 'object-or-text':
      return isText || isObject(value) ? [] : [{ ...notObject, loc: [...loc, 'dict[str,any]'] }, { ...notText, loc: [...loc, 'str'] }];
  }
}
