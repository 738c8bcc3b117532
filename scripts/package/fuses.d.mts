export function readFuses(program: string): Promise<Record<string, boolean | undefined>>;
export function assertFuses(program: string): Promise<Record<string, boolean | undefined>>;
