import { describe, expect, it } from 'vitest';
import { asImprintError, errorCodes, exitCodes, ImprintError, isErrorCode } from '../../main/domain/errors';

describe('the closed set of errors', () => {
  it.each(errorCodes)('%s has a documented exit code', (code) => {
    expect(Object.values(exitCodes)).toContain(new ImprintError(code, 'A sentence.').exitCode);
  });

  it('has exit codes that differ from each other and from success', () => {
    const codes = Object.values(exitCodes);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.every((code) => code > 0 && code < 126)).toBe(true);
  });

  it('gives the areas their exit codes', () => {
    expect(new ImprintError('identity-invalid', 'x').exitCode).toBe(3);
    expect(new ImprintError('identity-recorded', 'x').exitCode).toBe(4);
    expect(new ImprintError('image-casefold', 'x').exitCode).toBe(5);
    expect(new ImprintError('verify-key-differs', 'x').exitCode).toBe(6);
    expect(new ImprintError('server-busy', 'x').exitCode).toBe(7);
    expect(new ImprintError('record-corrupt', 'x').exitCode).toBe(8);
    expect(new ImprintError('cancelled', 'x').exitCode).toBe(9);
    expect(new ImprintError('custody-no-such-key', 'x').exitCode).toBe(10);
  });

  it('knows its own codes and no name of the prototype', () => {
    expect(errorCodes.every(isErrorCode)).toBe(true);
    for (const value of ['constructor', 'toString', '__proto__', '', 3, undefined]) expect(isErrorCode(value)).toBe(false);
  });
});

describe('ImprintError', () => {
  it('crosses a process as a report and comes back the same, without its cause', () => {
    const error = new ImprintError('image-hash-differs', 'Not that image.', { field: 'image.sha256', expected: 'another', cause: new Error('inside') });
    const report = structuredClone(error.toReport());
    expect(report).toEqual({ code: 'image-hash-differs', sentence: 'Not that image.', field: 'image.sha256', expected: 'another' });
    const back = ImprintError.fromReport(report);
    expect(back).toBeInstanceOf(ImprintError);
    expect(back.toReport()).toEqual(report);
    expect(back.cause).toBeUndefined();
  });

  it('leaves out of the report what it does not have', () => {
    expect(Object.keys(new ImprintError('usage', 'So not.').toReport())).toEqual(['code', 'sentence']);
  });
});

describe('asImprintError', () => {
  it('keeps an ImprintError as it is', () => {
    const error = new ImprintError('server-busy', 'Later.');
    expect(asImprintError(error)).toBe(error);
  });

  it('calls an abort cancelled', () => {
    const controller = new AbortController();
    controller.abort();
    expect(asImprintError(controller.signal.reason).code).toBe('cancelled');
  });

  it.each([[new TypeError('no such thing'), 'no such thing'], ['text', 'text'], [undefined, 'undefined']])('wraps %s', (thrown, part) => {
    const error = asImprintError(thrown);
    expect(error.code).toBe('unexpected');
    expect(error.message).toContain(part);
    expect(error.cause).toBe(thrown);
  });
});
