import { barsDrawing } from '../../main/charts/bars';
import { columnsDrawing } from '../../main/charts/columns';
import { linesDrawing } from '../../main/charts/lines';
import type { ShiftReportView } from '../contract';
import { formatClock, formatCount, formatDay, formatDecimal, formatTime } from '../logic/format';
import { causeWords } from '../logic/of-main';
import { texts } from '../texts';
import { Plot, plotText } from './plot';

const { plots: words, numbers } = texts.report;

type Parts = ShiftReportView['parts'];

/** Cards over the hours or days. */
export function CardsPlot({ title, parts, label }: { readonly title: string; readonly parts: readonly { readonly done: number; readonly failed: number; readonly from: string }[]; readonly label: (from: string) => string }) {
  const nothing = parts.every(({ done, failed }) => done + failed === 0);
  return (
    <Plot
      title={title}
      note={words.hatched}
      empty={nothing ? words.noCards : undefined}
      height={220}
      draw={(width) => columnsDrawing(parts.map(({ from, done, failed }) => ({ label: label(from), done, failed })), { width, height: 220, text: plotText })}
      head={[words.columns.time, numbers.done, numbers.failed]}
      rows={parts.map(({ from, done, failed }) => [label(from), String(done), String(failed)])}
    />
  );
}

const mostCauses = 8;

export function CausesPlot({ title = words.causes, causes }: { readonly title?: string; readonly causes: readonly { readonly word: string; readonly cause: string; readonly jobs: number }[] }) {
  return (
    <Plot
      title={title}
      empty={causes.length === 0 ? words.noFailures : undefined}
      height={60}
      draw={(width) => barsDrawing(causes.slice(0, mostCauses).map(({ word, cause, jobs }) => ({ label: causeWords(cause, word), value: jobs })), { width, text: plotText })}
      head={[words.columns.cause, words.columns.cards]}
      rows={causes.map(({ word, cause, jobs }) => [`${causeWords(cause, word)} (${cause})`, String(jobs)])}
    />
  );
}

/** Each slot’s line has a marker and dashes of its own. */
export function SpeedPlot({ report: { query, speeds, parts, interval } }: { readonly report: ShiftReportView }) {
  const label = (from: string): string => partLabel(interval, from);
  return (
    <Plot
      title={words.speed}
      empty={speeds.length === 0 ? words.noSpeed : undefined}
      height={260}
      draw={(width) =>
        linesDrawing(
          speeds.map(({ slot, points }) => ({ name: slot, points: points.map(({ at, write }) => ({ at: Date.parse(at), value: write / 1e6 })) })),
          {
            width,
            height: 260,
            text: plotText,
            from: Date.parse(query.from),
            until: Date.parse(query.until),
            labels: parts.map(({ from }) => ({ at: Date.parse(from), label: label(from) })),
            say: (value) => texts.units.megabytesPerSecond(formatCount(value)),
          },
        )
      }
      head={[words.columns.slot, words.columns.time, words.columns.speed]}
      rows={speeds.flatMap(({ slot, points }) => points.map(({ at, write }) => [slot, formatTime(at), formatDecimal(write / 1e6)]))}
    />
  );
}

/** `14:00` or, where the parts are days, `11-25`. */
export function partLabel(interval: ShiftReportView['interval'], from: Parts[number]['from']): string {
  return interval === 'day' ? formatDay(from) : formatClock(from);
}
