/** Writes a graph as a SavedModel, the one form in which tfjs-node takes graphs, with the classes that it ships. */
import * as messages from '@tensorflow/tfjs-node/dist/proto/api_pb';

/** TensorFlow's numbers of element types. */
export const type = { float32: 1, int32: 3, bool: 10 } as const;

export type Attribute =
  | { readonly type: number }
  | { readonly types: readonly number[] }
  | { readonly shape: readonly number[] }
  | { readonly text: string | Uint8Array }
  | { readonly integer: number }
  | { readonly integers: readonly number[] }
  | { readonly real: number }
  | { readonly reals: readonly number[] }
  | { readonly flag: boolean }
  | { readonly tensor: { readonly type: number; readonly shape: readonly number[]; readonly data: ArrayBufferView } };

export interface GraphNode {
  readonly name: string;
  readonly operator: string;
  /** `node:output`, or `^node` for one that has to run before. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** @param initializer the node that is run when the graph is loaded */
export function encodeSavedModel(nodes: readonly GraphNode[], initializer: string): Uint8Array {
  const graph = new messages.GraphDef();
  graph.setNodeList(nodes.map(nodeMessage));
  const versions = new messages.VersionDef();
  versions.setProducer(1087);
  graph.setVersions(versions);

  const about = new messages.MetaGraphDef.MetaInfoDef();
  about.setTagsList(['serve']);
  const meta = new messages.MetaGraphDef();
  meta.setMetaInfoDef(about);
  meta.setGraphDef(graph);
  const signature = new messages.SignatureDef();
  const target = new messages.TensorInfo();
  target.setName(initializer);
  signature.getOutputsMap().set('__saved_model_init_op', target);
  meta.getSignatureDefMap().set('__saved_model_init_op', signature);

  const model = new messages.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.setMetaGraphsList([meta]);
  return model.serializeBinary();
}

function nodeMessage({ name, operator, inputs, attributes }: GraphNode) {
  const node = new messages.NodeDef();
  node.setName(name);
  node.setOp(operator);
  node.setInputList([...inputs]);
  for (const [key, value] of Object.entries(attributes)) node.getAttrMap().set(key, attributeMessage(value));
  return node;
}

function attributeMessage(attribute: Attribute) {
  const message = new messages.AttrValue();
  const list = new messages.AttrValue.ListValue();
  if ('type' in attribute) message.setType(attribute.type);
  else if ('shape' in attribute) message.setShape(shapeMessage(attribute.shape));
  else if ('text' in attribute) {
    message.setS(typeof attribute.text === 'string' ? new TextEncoder().encode(attribute.text) : attribute.text);
  } else if ('integer' in attribute) message.setI(attribute.integer);
  else if ('real' in attribute) message.setF(attribute.real);
  else if ('flag' in attribute) message.setB(attribute.flag);
  else if ('tensor' in attribute) message.setTensor(tensorMessage(attribute.tensor));
  else {
    if ('types' in attribute) list.setTypeList([...attribute.types]);
    else if ('integers' in attribute) list.setIList([...attribute.integers]);
    else list.setFList([...attribute.reals]);
    message.setList(list);
  }
  return message;
}

function shapeMessage(shape: readonly number[]) {
  const message = new messages.TensorShape();
  message.setDimList(
    shape.map((size) => {
      const dimension = new messages.TensorShape.Dim();
      dimension.setSize(size);
      return dimension;
    }),
  );
  return message;
}

function tensorMessage({
  type: dtype,
  shape,
  data,
}: {
  type: number;
  shape: readonly number[];
  data: ArrayBufferView;
}) {
  const message = new messages.Tensor();
  message.setDtype(dtype);
  message.setTensorShape(shapeMessage(shape));
  message.setTensorContent(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return message;
}
