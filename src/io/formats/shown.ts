/**
 * A value of a file, short enough for a message. Lists and objects are only named: they could be
 * nested so deeply that writing them out overflows the stack.
 */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
}

/** A list of values; sizes of an array, as a rule. */
export function shownList(values: unknown): string {
  if (!Array.isArray(values)) return shown(values);
  const parts = values.slice(0, 8).map(shown).join(', ');
  return values.length > 8 ? `[${parts}, ...]` : `[${parts}]`;
}
