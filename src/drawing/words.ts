/** What pictures say besides a payload's own texts; renderers bring a Japanese set. */
export interface PictureWords {
  readonly original: string;
  readonly reconstruction: string;
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
  error: 'error',
  absoluteError: 'absolute error',
  latent: 'latent',
  best: 'best',
  epoch: 'epoch',
};
