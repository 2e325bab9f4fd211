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
  /** A principal component of codes. */
  readonly component: string;
  readonly best: string;
  readonly epoch: string;
}

/** What summaries of trainings say. */
export interface SummaryWords extends PictureWords {
  readonly running: string;
  readonly completed: string;
  readonly earlyStopping: string;
  readonly interrupted: string;
  readonly left: string;
  readonly samplesPerSecond: string;
  readonly seconds: string;
  readonly engine: string;
  readonly epochs: string;
  readonly seed: string;
}

/** What pictures of distributions say. */
export interface HistogramWords {
  readonly threshold: string;
  readonly count: string;
  readonly share: string;
  readonly precision: string;
  readonly recall: string;
  readonly accuracy: string;
  readonly falseAlarms: string;
  readonly truePositives: string;
  readonly falsePositives: string;
  readonly falseNegatives: string;
  readonly trueNegatives: string;
}

/** What the drawing of a network says. */
export interface ModelWords {
  readonly input: string;
  readonly parameters: string;
  readonly encoder: string;
  readonly decoder: string;
  readonly bottleneck: string;
}

export const english: SummaryWords & HistogramWords & ModelWords = {
  original: 'original',
  reconstruction: 'reconstruction',
  output: 'output',
  error: 'error',
  absoluteError: 'absolute error',
  latent: 'latent',
  component: 'principal component',
  best: 'best',
  epoch: 'epoch',
  running: 'training',
  completed: 'completed',
  earlyStopping: 'stopped early',
  interrupted: 'interrupted',
  left: 'left',
  samplesPerSecond: 'samples/s',
  seconds: 'time',
  engine: 'engine',
  epochs: 'epochs',
  seed: 'seed',
  threshold: 'threshold',
  count: 'count',
  share: 'share of the group',
  precision: 'precision',
  recall: 'recall',
  accuracy: 'accuracy',
  falseAlarms: 'false alarms',
  truePositives: 'found',
  falsePositives: 'false alarms',
  falseNegatives: 'missed',
  trueNegatives: 'rightly passed',
  input: 'input',
  parameters: 'parameters',
  encoder: 'encoder',
  decoder: 'decoder',
  bottleneck: 'code',
};
