/** A sentence with `values` in place of their names in braces. */
export const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
