/**
 * Points on the graphics card. A browser gives a page few WebGL contexts and takes the oldest away when there are more,
 * so all scatters of a page, whichever renderer draws them, share one; each drawing is copied to its own canvas.
 */
import * as twgl from 'twgl.js';
import type { Context } from '../../drawing/canvas.ts';
import { type PointCloud, paintCloud } from '../../drawing/pointCloud.ts';
import { makeCanvas } from './elements.ts';

const vertexShader = `
attribute float x;
attribute float y;
attribute float group;
uniform vec2 low;
uniform vec2 scale;
uniform mediump float size;
uniform sampler2D colours;
varying vec4 colour;
void main() {
  colour = texture2D(colours, vec2((group + 0.5) / 256.0, 0.5));
  // points without opacity go where nobody sees them
  gl_Position = colour.a == 0.0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4((vec2(x, y) - low) * scale - 1.0, 0.0, 1.0);
  gl_PointSize = size;
}`;
const fragmentShader = `
precision mediump float;
uniform float size;
varying vec4 colour;
void main() {
  float fromMiddle = distance(gl_PointCoord, vec2(0.5)) * size;
  float alpha = colour.a * clamp(size * 0.5 - fromMiddle, 0.0, 1.0);
  gl_FragColor = vec4(colour.rgb * alpha, alpha);
}`;

/** The page's one context: renderers are separate bundles, so they meet on the page itself. */
const meeting = Symbol.for('aenb.webgl');
type Meeting = typeof globalThis & { [meeting]?: { gl: WebGLRenderingContext | undefined } };

function pageContext(): WebGLRenderingContext | undefined {
  const page = globalThis as Meeting;
  if (!page[meeting] || page[meeting].gl?.isContextLost()) {
    const gl = makeCanvas(1, 1).getContext('webgl', { antialias: false, depth: false, alpha: true });
    page[meeting] = { gl: gl && !isSoftware(gl) ? gl : undefined };
  }
  return page[meeting].gl;
}

/** A card that is imitated by the processor is several times slower than our own drawing in plain memory. */
function isSoftware(gl: WebGLRenderingContext): boolean {
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(String(name));
}

/** What this bundle keeps on the card: its program, and the points of every cloud that is still drawn. */
interface Card {
  readonly gl: WebGLRenderingContext;
  readonly program: twgl.ProgramInfo;
  readonly colours: WebGLTexture;
}
let card: Card | undefined;

function currentCard(): Card | undefined {
  const gl = pageContext();
  if (!gl) return undefined;
  if (card?.gl !== gl) {
    const program = twgl.createProgramInfo(gl, [vertexShader, fragmentShader]);
    // A driver that cannot run eight lines of shader is no use.
    if (!program) return undefined;
    card = { gl, program, colours: twgl.createTexture(gl, textureOptions(gl, new Uint8Array(1024))) };
  }
  return card;
}

function textureOptions(gl: WebGLRenderingContext, src: Uint8Array): twgl.TextureOptions {
  return { width: 256, height: 1, src, min: gl.NEAREST, mag: gl.NEAREST, wrap: gl.CLAMP_TO_EDGE, auto: false };
}

/** Points that are on the card. */
interface Uploaded {
  readonly gl: WebGLRenderingContext;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly groups: Uint8Array | undefined;
  readonly buffers: twgl.BufferInfo;
}

/** The clouds of one picture. */
export class GlPoints {
  /** Newest last. */
  private readonly kept: Uploaded[] = [];

  /** @param most clouds that stay on the card: as many as are painted in turn */
  constructor(private readonly most = 1) {}

  /** Paints on the card, or in plain memory where there is none. */
  readonly paint = (context: Context, cloud: PointCloud, ratio: number): void => {
    const current = currentCard();
    if (!current || !cloud.x.length) paintCloud(context, cloud, ratio, makeCanvas);
    else this.draw(current, context, cloud, ratio);
  };

  private draw({ gl, program, colours }: Card, context: Context, cloud: PointCloud, ratio: number): void {
    const { area, low, high } = cloud;
    const width = Math.max(1, Math.round(area.width * ratio));
    const height = Math.max(1, Math.round(area.height * ratio));
    const canvas = gl.canvas as HTMLCanvasElement;
    // It grows to the largest picture and stays: a new size is a new buffer.
    if (canvas.width < width) canvas.width = width;
    if (canvas.height < height) canvas.height = height;
    gl.viewport(0, 0, width, height);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(program.program);
    const buffers = this.upload(gl, cloud);
    twgl.setTextureFromArray(gl, colours, cloud.colours, textureOptions(gl, cloud.colours));
    twgl.setBuffersAndAttributes(gl, program, buffers);
    twgl.setUniforms(program, {
      low,
      scale: [2 / (high[0] - low[0]), 2 / (high[1] - low[1])],
      // half a pixel of soft edge on either side
      size: 2 * cloud.radius * ratio + 1,
      colours,
    });
    twgl.drawBufferInfo(gl, buffers, gl.POINTS);
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, canvas.height - height, width, height, area.x, area.y, width / ratio, height / ratio);
  }

  /** Points stay on the card as long as they are the same: moving and zooming sends nothing. */
  private upload(gl: WebGLRenderingContext, { x, y, groups }: PointCloud): twgl.BufferInfo {
    const known = this.kept.find((one) => one.gl === gl && one.x === x && one.y === y && one.groups === groups);
    if (known) return known.buffers;
    if (this.kept.length === this.most) free(this.kept.shift()!);
    const buffers = twgl.createBufferInfoFromArrays(gl, {
      x: { numComponents: 1, data: x },
      y: { numComponents: 1, data: y },
      group: { numComponents: 1, data: groups ?? new Uint8Array(x.length), normalize: false },
    });
    this.kept.push({ gl, x, y, groups, buffers });
    return buffers;
  }

  dispose(): void {
    for (const one of this.kept.splice(0)) free(one);
  }
}

function free({ gl, buffers }: Uploaded): void {
  for (const { buffer } of Object.values(buffers.attribs ?? {})) gl.deleteBuffer(buffer);
}
