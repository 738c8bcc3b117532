import { describe, expect, it } from 'vitest';
import { readIdentityFilter, viewIdentity } from '../../renderer/logic/identity';
import type { ScanBuffer, ScanMeaning } from '../../renderer/logic/scan-buffer';
import { answered, emptyScanBuffer, readTerminator, terminatorTailMilliseconds, typed } from '../../renderer/logic/scan-buffer';

/** A scan field that is played key by key; what main was asked is kept. */
class PlayedField {
  buffer: ScanBuffer = emptyScanBuffer;
  text = '';
  now = 1000;
  readonly asked: ScanMeaning[] = [];

  type(text: string): this {
    this.buffer = typed(this.buffer);
    this.text = text;
    return this;
  }

  press(key: 'Enter' | 'Tab', repeat = false): this {
    const { buffer, meaning } = readTerminator(this.buffer, { key, repeat, text: this.text, at: this.now });
    this.buffer = buffer;
    this.asked.push(meaning);
    return this;
  }

  wait(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  accept(): this {
    this.buffer = answered(this.buffer);
    this.text = '';
    return this;
  }

  refuse(): this {
    this.buffer = answered(this.buffer);
    return this;
  }

  get actions(): readonly string[] {
    return this.asked.map((meaning) => meaning.action);
  }
}

const mac = '02:12:61:13:6c:42';

describe('the scan field', () => {
  it('hands over the trimmed text at Enter and at Tab', () => {
    for (const key of ['Enter', 'Tab'] as const) {
      expect(new PlayedField().type(` ${mac} `).press(key).asked).toEqual([{ action: 'submit', text: mac }]);
    }
  });

  it('does not start the job by the second Enter of a scanner that ends with CR LF', () => {
    const field = new PlayedField().type(mac).press('Enter').wait(2).press('Enter');
    expect(field.actions).toEqual(['submit', 'ignore']);
  });

  it('does not start it even when the answer came between the two', () => {
    const field = new PlayedField().type(mac).press('Enter').wait(2).accept().wait(2).press('Enter');
    expect(field.actions).toEqual(['submit', 'ignore']);
  });

  it('keeps the focus when the scanner ends with Enter and Tab', () => {
    const field = new PlayedField().type(mac).press('Enter').accept().wait(5).press('Tab');
    expect(field.actions).toEqual(['submit', 'ignore']);
  });

  it('starts at a deliberate Enter after the scan', () => {
    const field = new PlayedField().type(mac).press('Enter').wait(20).accept().wait(terminatorTailMilliseconds).press('Enter');
    expect(field.actions).toEqual(['submit', 'start']);
  });

  it('waits for the answer before Enter means start', () => {
    const field = new PlayedField().type(mac).press('Enter').wait(5000).press('Enter');
    expect(field.actions).toEqual(['submit', 'ignore']);
  });

  it('takes a second scan at once, however fast it follows', () => {
    const field = new PlayedField().type(mac).press('Enter').wait(30).type('02:12:61:13:6c:43').press('Enter');
    expect(field.asked).toEqual([
      { action: 'submit', text: mac },
      { action: 'submit', text: '02:12:61:13:6c:43' },
    ]);
    expect(field.buffer.pending).toBe(2);
  });

  it('hands a refused text over again only when asked again', () => {
    const field = new PlayedField().type('wrong').press('Enter').wait(10).refuse().press('Enter').wait(1000).press('Enter');
    expect(field.actions).toEqual(['submit', 'ignore', 'submit']);
  });

  it('ignores a key that is held down', () => {
    expect(new PlayedField().press('Enter', true).type(mac).press('Enter', true).actions).toEqual(['ignore', 'ignore']);
  });

  it('lets Tab move the focus where nothing was typed', () => {
    expect(new PlayedField().press('Tab').actions).toEqual(['pass']);
  });

  it('takes blanks for nothing', () => {
    expect(new PlayedField().type('   ').press('Enter').actions).toEqual(['start']);
  });

  it('never counts below no answer outstanding', () => {
    expect(answered(emptyScanBuffer).pending).toBe(0);
  });
});

describe('an identity on the screen', () => {
  it('shows the scanned value first, whatever the order', () => {
    expect(viewIdentity({ serial: '7', mac, line: '3' }, 'mac')).toEqual({ main: mac, rest: 'serial 7 · line 3' });
  });

  it('takes the first value of a foreign profile', () => {
    expect(viewIdentity({ serial: '7' }, 'mac')).toEqual({ main: '7', rest: '' });
    expect(viewIdentity({}, 'mac')).toEqual({ main: '', rest: '' });
  });
});

describe('the filter of the list', () => {
  it('reads several attributes', () => {
    expect(readIdentityFilter(` mac=${mac}, serial=a=b `, 'mac')).toEqual({ ok: true, identity: { mac, serial: 'a=b' } });
  });

  it('takes a bare value for the scanned attribute', () => {
    expect(readIdentityFilter(mac, 'mac')).toEqual({ ok: true, identity: { mac } });
  });

  it('is no filter where it is empty', () => {
    expect(readIdentityFilter('  ', 'mac')).toEqual({ ok: true, identity: undefined });
  });

  it.each(['mac=', '=7'])('refuses %s', (text) => {
    expect(readIdentityFilter(text, 'mac')).toEqual({ ok: false, part: text });
  });
});
