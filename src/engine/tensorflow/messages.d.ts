/** What is used of the protobuf classes in tfjs-node, which come without types. */
declare module '@tensorflow/tfjs-node/dist/proto/api_pb' {
  class Message {
    serializeBinary(): Uint8Array;
  }
  interface MessageMap<T> {
    set(key: string, value: T): void;
  }
  export class GraphDef extends Message {
    setNodeList(nodes: NodeDef[]): void;
    setVersions(versions: VersionDef): void;
  }
  export class VersionDef extends Message {
    setProducer(version: number): void;
  }
  export class NodeDef extends Message {
    setName(name: string): void;
    setOp(operator: string): void;
    setInputList(inputs: string[]): void;
    getAttrMap(): MessageMap<AttrValue>;
  }
  export class AttrValue extends Message {
    setType(type: number): void;
    setShape(shape: TensorShape): void;
    setS(text: Uint8Array): void;
    setI(integer: number): void;
    setF(real: number): void;
    setB(flag: boolean): void;
    setTensor(tensor: Tensor): void;
    setList(list: AttrValue.ListValue): void;
  }
  export namespace AttrValue {
    class ListValue extends Message {
      setTypeList(types: number[]): void;
      setIList(integers: number[]): void;
      setFList(reals: number[]): void;
    }
  }
  export class TensorShape extends Message {
    setDimList(sizes: TensorShape.Dim[]): void;
  }
  export namespace TensorShape {
    class Dim extends Message {
      setSize(size: number): void;
    }
  }
  export class Tensor extends Message {
    setDtype(type: number): void;
    setTensorShape(shape: TensorShape): void;
    setTensorContent(bytes: Uint8Array): void;
  }
  export class TensorInfo extends Message {
    setName(name: string): void;
  }
  export class SignatureDef extends Message {
    getOutputsMap(): MessageMap<TensorInfo>;
  }
  export class MetaGraphDef extends Message {
    setMetaInfoDef(about: MetaGraphDef.MetaInfoDef): void;
    setGraphDef(graph: GraphDef): void;
    getSignatureDefMap(): MessageMap<SignatureDef>;
  }
  export namespace MetaGraphDef {
    class MetaInfoDef extends Message {
      setTagsList(tags: string[]): void;
    }
  }
  export class SavedModel extends Message {
    setSavedModelSchemaVersion(version: number): void;
    setMetaGraphsList(graphs: MetaGraphDef[]): void;
  }
}
