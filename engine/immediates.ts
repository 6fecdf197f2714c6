/** The struct of immediates of a shader, right before the variable that holds it. */
import { check } from './errors.ts';

const declaration = /struct (\w+) \{([^}]*)\}\s*var<immediate> (\w+): \1;/;

/** A list of fields without comments and without a comma at its end. */
const bare = (fields: string): string => fields.replace(/\/\/.*$/gm, '').trim().replace(/,$/, '');

/** Name of the variable that holds the immediates of a shader. */
export function immediatesOf(label: string, source: string): string {
  const found = declaration.exec(source);
  check(found !== null, `${label}: a shader that is added to has one struct of immediates`);
  return found![3]!;
}

/** A shader with more fields behind those of its immediates. */
export function withFields(label: string, source: string, fields: string): string {
  const variable = immediatesOf(label, source);
  return source.replace(declaration, (_, struct: string, own: string) =>
    `struct ${struct} { ${[bare(own), fields].filter(Boolean).join(', ')} }\nvar<immediate> ${variable}: ${struct};`);
}
