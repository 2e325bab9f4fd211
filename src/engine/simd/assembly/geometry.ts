/** Sizes of a convolution or a pooling, in the order of `geometryWords` in ../../kernels/operations.ts. */
@unmanaged
export class Geometry {
  batch: i32;
  inHeight: i32;
  inWidth: i32;
  inChannels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  filterHeight: i32;
  filterWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  padTop: i32;
  padLeft: i32;

  get inBytes(): i32 {
    return 4 * this.inHeight * this.inWidth * this.inChannels;
  }
  get outBytes(): i32 {
    return 4 * this.outHeight * this.outWidth * this.outChannels;
  }
  /** Numbers under a filter. */
  get depth(): i32 {
    return this.filterHeight * this.filterWidth * this.inChannels;
  }
}

export const geometryBytes: i32 = 60;
