import { addon } from './addon';

/**
 * No core dumps of this process (PR_SET_DUMPABLE 0 and RLIMIT_CORE 0), and no ptrace by other processes of the same user.
 *
 * Side effects: the files in /proc/<pid> of this process belong to root from now on, so without root it can not open its
 * own /proc/self/mem or environ either, and Chromium's crash reporter can not look into it. The flag ends with exec, so
 * children are not covered by it; the limit is inherited and can not be raised again without root. Call it in a process
 * that holds keys, after its start.
 *
 * @throws NativeError
 */
export function disableCoreDumps(): void {
  addon().disableCoreDumps();
}

/**
 * How many bytes this process may lock (RLIMIT_MEMLOCK); Infinity where there is no limit. A process with CAP_IPC_LOCK,
 * as root has it, may lock more than this says.
 */
export function memoryLockLimit(): { soft: number; hard: number } {
  return addon().memoryLockLimit();
}
