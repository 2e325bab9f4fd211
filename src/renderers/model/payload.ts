import { Fields } from '../shared/parse.ts';

export const MODEL_MIME = 'application/vnd.aenb.model.v1+json';

/** The layers of a network, from the input to the output. */
export interface ModelPayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  readonly parameters: number;
  readonly layers: readonly ModelLayer[];
}
export interface ModelLayer {
  readonly part: 'encoder' | 'decoder';
  /** 'Dense', 'Conv2D', … */
  readonly kind: string;
  readonly activation?: string;
  /** Shape of a sample's output. */
  readonly shape: readonly number[];
  readonly parameters: number;
  /** The code: what everything has to pass through. */
  readonly bottleneck: boolean;
}

export function parseModel(value: unknown): ModelPayload {
  const record = new Fields(value, 'model');
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    parameters: record.count('parameters', 0, Number.MAX_SAFE_INTEGER),
    layers: record.list('layers', 500, (entry, path): ModelLayer => {
      const layer = new Fields(entry, path);
      return {
        part: layer.oneOf('part', ['encoder', 'decoder']),
        kind: layer.text('kind'),
        activation: layer.optionalText('activation'),
        shape: layer.numbers('shape', 8).map((size) => Math.max(1, size ?? 1)),
        parameters: layer.count('parameters', 0, Number.MAX_SAFE_INTEGER),
        bottleneck: layer.flag('bottleneck'),
      };
    }),
  };
}
