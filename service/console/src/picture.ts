// Draws 16-bit pixels with a window: WebGL2, or the 2-D canvas where that is absent.
import type { Frame } from "./frames";

export interface Window16 { low: number; high: number; inverted: boolean }
// A pixel (u, v) of the frame is drawn at (x + scale * u, y + scale * v) of the canvas.
export interface Place { x: number; y: number; scale: number }
// Draws a frame's picture, a pixel of the canvas for each of its own; whoever shows it brings it to its place.
export interface Painter { paint: (frame: Frame, window: Window16, isNew: boolean) => void; readonly kind: "WebGL2" | "2d" }
// `quickest`: WebGL2 with a graphics card, else the 2-D canvas, which costs the processor half as much. The picture is
// the same.
export type Painting = "quickest" | "WebGL2" | "2d";

const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp usampler2D;
uniform usampler2D pixels;
uniform vec3 grey;
out vec4 colour;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  float value = float(texelFetch(pixels, ivec2(at.x, textureSize(pixels, 0).y - 1 - at.y), 0).r);
  float shade = clamp((value - grey.x) / (grey.y - grey.x), 0.0, 1.0);
  colour = vec4(vec3(grey.z > 0.5 ? 1.0 - shade : shade), 1.0);
}`;

export function makePainter(canvas: HTMLCanvasElement, painting: Painting = "quickest"): Painter {
  const flat = painting === "2d" || (painting === "quickest" && webglBy() !== "card");
  const gl = flat ? null : canvas.getContext("webgl2", { antialias: false, alpha: false });
  return gl ? glPainter(canvas, gl) : flatPainter(canvas);
}

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
let known: "card" | "software" | "absent" | null = null;

// What carries WebGL2 out. A canvas keeps the kind of its first context: another one is asked.
export function webglBy(): "card" | "software" | "absent" {
  if (known) return known;
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return (known = "absent");
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return (known = SOFTWARE.test(name) ? "software" : "card");
}

function fitTo(canvas: HTMLCanvasElement, frame: Frame): void {
  if (canvas.width !== frame.columns || canvas.height !== frame.rows) [canvas.width, canvas.height] = [frame.columns, frame.rows];
}

function glPainter(canvas: HTMLCanvasElement, gl: WebGL2RenderingContext): Painter {
  let program = prepare(gl);
  let lost = false;
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    lost = true;
  });
  canvas.addEventListener("webglcontextrestored", () => {
    program = prepare(gl);
    lost = false;
  });
  return {
    kind: "WebGL2",
    paint: (frame, window, isNew) => {
      if (lost) return;
      fitTo(canvas, frame);
      gl.viewport(0, 0, canvas.width, canvas.height);
      if (isNew) {
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16UI, frame.columns, frame.rows, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT, frame.pixels);
      }
      gl.uniform3f(gl.getUniformLocation(program, "grey"), window.low, Math.max(window.high, window.low + 1), window.inverted ? 1 : 0);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    },
  };
}

function prepare(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind) as WebGLShader;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "WebGL2");
  gl.useProgram(program);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  return program;
}

function flatPainter(canvas: HTMLCanvasElement): Painter {
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  const table = new Uint32Array(65536);
  let image: ImageData | null = null;
  return {
    kind: "2d",
    paint: (frame, window) => {
      fitTo(canvas, frame);
      if (image?.width !== frame.columns || image.height !== frame.rows) image = pen.createImageData(frame.columns, frame.rows);
      fillTable(table, window);
      const words = new Uint32Array(image.data.buffer);
      const { pixels } = frame;
      for (let n = 0; n < words.length; n++) words[n] = table[pixels[n]];
      pen.putImageData(image, 0, 0);
    },
  };
}

// The grey of each value, as a word of RGBA.
function fillTable(table: Uint32Array, { low, high, inverted }: Window16): void {
  const scale = 255 / Math.max(1, high - low);
  for (let value = 0; value < table.length; value++) {
    const shade = Math.round(Math.max(0, Math.min(255, (value - low) * scale)));
    table[value] = 0xff000000 | ((inverted ? 255 - shade : shade) * 0x010101);
  }
}

// The window from the 0.5th to the 99.5th percentile of a sample of the pixels.
export function autoWindow(pixels: Uint16Array): [number, number] {
  const step = Math.max(1, Math.floor(pixels.length / 4096));
  const sample = new Uint16Array(Math.ceil(pixels.length / step));
  for (let n = 0; n < sample.length; n++) sample[n] = pixels[n * step];
  sample.sort();
  const low = sample[Math.floor(0.005 * (sample.length - 1))];
  const high = sample[Math.ceil(0.995 * (sample.length - 1))];
  return [low, Math.max(high, low + 1)];
}
