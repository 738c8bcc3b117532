import { useState } from 'react';
import type { BenchView, DeviceState } from '../contract';
import type { DeviceSearch } from '../state/page';
import { deviceWord } from '../logic/words';
import { texts } from '../texts';

interface DeviceFilterProps {
  readonly search: DeviceSearch;
  readonly bench: BenchView;
  readonly onSearch: (search: DeviceSearch) => void;
}

const states = Object.keys(texts.deviceStates) as readonly DeviceState[];

export function DeviceFilter({ search, bench, onSearch }: DeviceFilterProps) {
  const [text, setText] = useState(search.text);
  return (
    <form
      className="filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        event.currentTarget.querySelector('input')?.select();
        onSearch({ ...search, text, offset: 0 });
      }}
    >
      <label className="field filter__identity">
        {texts.devices.filterIdentity}
        <input type="search" autoFocus data-testid="filter-identity" value={text} placeholder={texts.devices.filterPlaceholder(bench.scanAttribute)} spellCheck={false} autoComplete="off" onChange={(event) => setText(event.target.value)} />
      </label>
      <label className="field">
        {texts.devices.filterState}
        <select
          data-testid="filter-state"
          value={search.state ?? ''}
          onChange={(event) => onSearch({ text, state: states.find((state) => state === event.target.value), offset: 0 })}
        >
          <option value="">{texts.devices.anyState}</option>
          {states.map((state) => (
            <option key={state} value={state}>
              {deviceWord(bench, bench.serverKind, state)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button button--main">
        {texts.devices.search}
        <kbd aria-hidden="true">Enter</kbd>
      </button>
    </form>
  );
}
