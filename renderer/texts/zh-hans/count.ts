/** A number as Chinese writes it: `12,345`. Nouns have no plural. */
export const number = (count: number): string => count.toLocaleString('zh-CN');
