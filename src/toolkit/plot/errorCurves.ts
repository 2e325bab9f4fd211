import { RECONSTRUCTION_MIME } from '../../renderers/reconstruction/payload.ts';
import { floatsToBase64, type Picture, rounded } from './display.ts';
import { levelRange } from './imageShape.ts';
import { type Rows, width } from './inputs.ts';

/** Samples as lines or bars, with the error at every value as a colour below them. */
export function curvesOfErrors(
  chosen: Rows,
  map: Rows,
  samples: readonly number[],
  scores: ArrayLike<number>,
  about: { title?: string; text: string },
): Picture {
  const features = width(chosen);
  const finite = (values: Float32Array) => values.map((value) => (Number.isFinite(value) ? value : 0));
  return {
    mime: RECONSTRUCTION_MIME,
    payload: {
      ...about,
      form: features <= 24 ? 'bars' : 'series',
      samples: samples.length,
      features,
      originals: floatsToBase64(finite(chosen.data)),
      reconstructions: floatsToBase64(finite(chosen.data)),
      errorMap: floatsToBase64(finite(map.data)),
      range: levelRange(chosen.data),
      errors: samples.map((sample) => rounded(scores[sample])),
      metric: 'score',
      indices: [...samples],
    },
  };
}
