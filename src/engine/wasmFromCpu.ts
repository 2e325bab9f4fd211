import * as tf from '@tensorflow/tfjs';

/** Kernels that training may need and wasm lacks. */
const borrowed = [
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'Einsum',
  'UnsortedSegmentSum',
];

type Values = Float32Array | Int32Array | Uint8Array;
interface CpuBackend extends tf.KernelBackend {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: Values): tf.TensorInfo;
}

/** Gives wasm the kernels of cpu that it lacks: slow, since the values go over and back, but they train. */
export function borrowKernelsFromCpu(): void {
  for (const kernelName of borrowed) {
    const { kernelFunc: compute } = tf.getKernel(kernelName, 'cpu');
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const wasm = backend as tf.KernelBackend;
        const cpu = tf.engine().findBackend('cpu') as CpuBackend;
        const there = ({ dataId, shape, dtype }: tf.TensorInfo) =>
          cpu.makeTensorInfo(shape, dtype, wasm.readSync(dataId) as Values);
        const given = Array.isArray(inputs)
          ? (inputs as tf.TensorInfo[]).map(there)
          : Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, there(input!)]));
        const results = [compute({ inputs: given as tf.NamedTensorInfoMap, attrs, backend: cpu })].flat();
        const back = results.map(({ dataId, shape, dtype }) => {
          const values = (cpu.readSync(dataId) as Values).slice();
          return { dataId: wasm.write(values, shape, dtype), shape, dtype };
        });
        for (const { dataId } of [...results, ...Object.values(given)]) cpu.disposeData(dataId);
        return back.length === 1 ? back[0] : back;
      },
    });
  }
}
