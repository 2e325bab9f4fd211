/** What pictures say besides a payload's own texts; renderers bring a Japanese set. */
export interface PictureWords {
  readonly original: string;
  readonly reconstruction: string;
  /** The same where there is little room. */
  readonly output: string;
  readonly error: string;
  /** Title of the scale of errors. */
  readonly absoluteError: string;
  readonly latent: string;
  readonly best: string;
  readonly epoch: string;
}

export const english: PictureWords = {
  original: 'original',
  reconstruction: 'reconstruction',
  output: 'output',
  error: 'error',
  absoluteError: 'absolute error',
  latent: 'latent',
  best: 'best',
  epoch: 'epoch',
};
