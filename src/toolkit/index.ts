/**
 * The toolkit's front door: every export is a global in a cell and an export of the package `aenb`.
 * `kernelInterface` is for the kernel process alone.
 */
import * as tf from '@tensorflow/tfjs';
import { abandonTrace, engine } from '../engine/index.ts';
import { Autoencoder } from './autoencoder.ts';
import { loadEngine } from './engine.ts';
import { setHost } from './host.ts';
import { NdArray } from './ndarray.ts';
import { showArrays } from './plot/array.ts';
import { showModels } from './plot/model.ts';

export type { StepRandom } from '../engine/index.ts';
export { AnomalyDetector, type AnomalyDetectorOptions, type Evaluation, type Explanation } from './anomalyDetector.ts';
export { Autoencoder, loadModel } from './autoencoder.ts';
export type { BatchSource } from './batchSource.ts';
export { Classifier, type ClassifierOptions } from './classifier.ts';
export { ClusterDetector, type ClusterDetectorOptions } from './clusterDetector.ts';
export { type Comparable, type ComparisonRow, compare } from './compare.ts';
export { ConditionalVariationalAutoencoder, type CvaeOptions } from './conditionalVariationalAutoencoder.ts';
export { ContractiveAutoencoder, type ContractiveOptions } from './contractiveAutoencoder.ts';
export { ConvAutoencoder, type ConvAutoencoderOptions } from './convAutoencoder.ts';
export type { Dataset } from './dataset.ts';
export * as datasets from './datasets/index.ts';
export { DenoisingAutoencoder } from './denoisingAutoencoder.ts';
export type { EpochProgress, FitOptions, LabelledFitOptions } from './fitOptions.ts';
export { GaussianMixture } from './gaussianMixture.ts';
export { KMeans } from './kmeans.ts';
export type { LossName } from './losses.ts';
export { medianFilter } from './medianFilter.ts';
export * as metrics from './metrics.ts';
export type { ModelOptions } from './modelOptions.ts';
export { NdArray, type Samples } from './ndarray.ts';
export { NearestNeighbors } from './nearestNeighbors.ts';
export { gaussianNoise, maskingNoise, type Noise, saltPepperNoise } from './noise.ts';
export { type OptimizeBatch, type OptimizeStep, optimize } from './optimize.ts';
export { PCA } from './pca.ts';
export { type Displayable, displaySymbol } from './plot/display.ts';
export * as plot from './plot/index.ts';
export type { Run } from './run.ts';
export { MinMaxScaler, type Scaler, StandardScaler } from './scalers.ts';
export { type ScoredRow, scoreFile } from './scoreFile.ts';
export { SparseAutoencoder, type SparseOptions, type Sparsity } from './sparseAutoencoder.ts';
export { type PretrainStep, StackedAutoencoder } from './stackedAutoencoder.ts';
export { bestF1, contamination, meanPlusStd, quantile, type ThresholdRule } from './thresholds.ts';
export { type VaeOptions, VariationalAutoencoder } from './variationalAutoencoder.ts';
export { tf };

showArrays(NdArray.prototype, 'NdArray');
showArrays(tf.Tensor.prototype, 'Tensor');
showModels(Autoencoder.prototype);

/**
 * What the kernel needs of the toolkit beside its exports.
 *
 * @internal
 */
export const kernelInterface = {
  setHost,
  loadEngine,
  engine,
  afterTermination: abandonTrace,
  /** Names whose mention in a cell makes the kernel await `loadEngine()` before running it. */
  needsEngine: new Set([
    'tf',
    'ae',
    'Autoencoder',
    'DenoisingAutoencoder',
    'SparseAutoencoder',
    'ContractiveAutoencoder',
    'ConvAutoencoder',
    'VariationalAutoencoder',
    'ConditionalVariationalAutoencoder',
    'StackedAutoencoder',
    'Classifier',
    'optimize',
    'loadModel',
    'PCA',
    'KMeans',
    'GaussianMixture',
    'NearestNeighbors',
    'compare',
    'AnomalyDetector',
    'ClusterDetector',
    'scoreFile',
  ]) as ReadonlySet<string>,
};
