import type * as tf from '@tensorflow/tfjs';

/** The layers of networks as a table of text. */
export function describeNetworks(name: string, ...models: readonly tf.LayersModel[]): string {
  const rows = models.flatMap((model) => model.layers.map(describeLayer));
  const header = ['layer', 'kind', 'output', 'weights'];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 3 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  const total = rows.reduce((sum, row) => sum + Number(row[3].replaceAll(',', '')), 0);
  return [name, line(header), ...rows.map(line), `${total.toLocaleString('en')} weights`].join('\n');
}

function describeLayer(layer: tf.layers.Layer): string[] {
  const shape = (layer.outputShape as tf.Shape).slice(1).join(' x ');
  return [layer.name, layer.getClassName(), shape, layer.countParams().toLocaleString('en')];
}
