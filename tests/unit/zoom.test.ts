import { describe, expect, it } from 'vitest';
import { nextZoom, readZoomKey, zoomFactors } from '../../main/window/zoom';

const press = (key: string, held: Partial<Parameters<typeof readZoomKey>[0]> = {}) => readZoomKey({ type: 'keyDown', key, control: true, alt: false, meta: false, ...held });

describe('the zoom of the window', () => {
  it('goes up and down step by step, and stops at both ends', () => {
    expect(nextZoom(1, 'larger')).toBe(1.1);
    expect(nextZoom(1, 'smaller')).toBe(0.9);
    expect(nextZoom(3, 'larger')).toBe(3);
    expect(nextZoom(0.75, 'smaller')).toBe(0.75);
    expect(nextZoom(2.5, 'usual')).toBe(1);
  });

  it('reaches 200 % from 100 %, whatever is lost in Chromium’s own counting', () => {
    let factor = 1;
    for (let step = 0; step < 5; step += 1) factor = nextZoom(factor, 'larger') - 0.0004;
    expect(factor).toBeCloseTo(2, 2);
    expect(zoomFactors).toContain(2);
  });

  it('takes Control with plus, minus and zero, wherever the layout has them', () => {
    expect(['+', '=', '-', '_', '0'].map((key) => press(key))).toEqual(['larger', 'larger', 'smaller', 'smaller', 'usual']);
  });

  it('takes nothing that a scanner types, and no other shortcut', () => {
    for (const key of ['+', '-', '0', '=']) expect(press(key, { control: false })).toBeUndefined();
    for (const [key, held] of [['0', { alt: true }], ['+', { meta: true }], ['+', { type: 'keyUp' }], ['1', {}], ['toString', {}]] as const) expect(press(key, held)).toBeUndefined();
  });
});
