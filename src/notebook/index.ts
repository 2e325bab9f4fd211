/**
 * The .aenb file: nbformat 4.5 as Jupyter writes it. Pure functions of texts and plain objects; reading and writing
 * files is the caller's.
 */

export { titleOf, toHtml } from './export/html.ts';
export { toIpynb, toMarkdown, toTypeScript } from './export/text.ts';
export * from './format.ts';
export { copyOf, NotebookError, parseJson, printJson } from './json.ts';
export { fromOutput, type ShownOutput, toOutput } from './outputs.ts';
export { parse } from './parse.ts';
export { pictureSize } from './pictureSize.ts';
export { print } from './print.ts';
