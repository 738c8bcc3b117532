import { readFileSync } from 'node:fs';
import type { ProcessOwner, Processes } from '../domain/ports';

/** Start time of a process in clock ticks since boot: field 22 of proc_pid_stat(5), counted behind the name in brackets. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie is dead for our purposes.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function started(pid: number): string | undefined {
  const ticks = startTicks(pid);
  return ticks === undefined ? undefined : `${ticks}@${bootId()}`;
}

/** This process by its pid and start time, so that a re-used pid or a reboot is never taken for the old process. */
export function systemProcesses(): Processes {
  const self: ProcessOwner = { pid: process.pid, started: started(process.pid) ?? 'unknown' };
  return { self, alive: (owner) => started(owner.pid) === owner.started };
}
