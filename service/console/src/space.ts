// The 3-D pane: source, detector with its frame, object. Loaded when it is asked for, with three.js in it.
import {
  AmbientLight, Box3, BufferAttribute, BufferGeometry, Color, DataTexture, DirectionalLight, DoubleSide, Group, Line, LineBasicMaterial,
  LineLoop, LineSegments, LinearFilter, Matrix4, Mesh, MeshBasicMaterial, MeshStandardMaterial, PerspectiveCamera, RGBAFormat, Scene,
  SphereGeometry, Vector3, WebGLRenderer,
} from "three";
import type { Camera, Found, Matrix, Volume } from "./api";
import type { Frame } from "./frames";
import { objectHull } from "./hull";
import { autoWindow } from "./picture";
import { intrinsics, inverse, multiply, transform } from "./pose";

const COLOURS: Record<string, number> = { TRACKING: 0x56b4e9, LOW_CONFIDENCE: 0xe69f00 };
const BEYOND = 1.35;
const RAYS = 16;
const EVERY_MS = 150;
const FILLED = 0.9;

interface Words { spaceLabel: string; spaceHint: string; symbols: Record<string, string> }

export class Space {
  readonly element = document.createElement("div");
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly eye = new PerspectiveCamera(40, 1, 1, 20_000);
  private readonly cameras = new Map<string, { group: Group; world: Matrix }>();
  private readonly objects = new Map<string, Mesh>();
  private readonly centre = new Vector3(0, 0, 600);
  private place = { azimuth: 0.75, height: 0.45, distance: 2600 };
  private asked = false;
  private framed = 0;
  private shown = 0;
  private moved = false;
  private readonly resizing = new ResizeObserver(() => this.resize());

  constructor(words: Words) {
    this.renderer = new WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
    const canvas = this.renderer.domElement;
    this.element.className = "space";
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words.spaceLabel);
    const hint = document.createElement("p");
    hint.className = "caption";
    hint.textContent = words.spaceHint;
    this.element.append(canvas, hint);
    this.scene.background = new Color(0x101316);
    const light = new DirectionalLight(0xffffff, 2);
    light.position.set(-1, -2, -1);
    this.scene.add(new AmbientLight(0xffffff, 1.2), light);
    this.listen(canvas);
    this.resizing.observe(this.element);
  }

  show(frame: Frame, volume: (name: string) => Volume | null): void {
    const { result } = frame;
    if (this.cameras.has(result.camera) && performance.now() - this.shown < EVERY_MS) return;
    this.shown = performance.now();
    const objects: Found[] = result.objects ?? [result];
    const seen = objects.find((one) => one.camera_from_volume && one.status !== "LOST");
    let world = this.cameras.get(result.camera)?.world;
    if (seen?.camera_from_volume && seen.world_from_volume) world = multiply(seen.camera_from_volume, inverse(seen.world_from_volume));
    world ??= [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
    const first = seen && volume(seen.case);
    const depth = seen?.camera_from_volume && first ? transform(seen.camera_from_volume, first.centre_mm)[2] : null;
    this.setCamera(frame, world, depth);
    for (const one of objects) this.setObject(one, world, volume(one.case));
    if (depth && !this.moved && this.framed !== this.cameras.size) this.fit();
    this.redraw();
  }

  clear(): void {
    for (const { group } of this.cameras.values()) drop(this.scene, group);
    for (const mesh of this.objects.values()) drop(this.scene, mesh);
    this.cameras.clear();
    this.objects.clear();
    this.framed = 0;
    this.redraw();
  }

  close(): void {
    this.clear();
    this.resizing.disconnect();
    this.renderer.dispose();
    this.element.remove();
  }

  // Brings all sources and detectors into view, as near as may be.
  private fit(): void {
    this.framed = this.cameras.size;
    const points = [...this.cameras.values()].flatMap(({ group }) => group.userData.points as Vector3[]);
    if (!points.length) return;
    for (let n = 0; n < 12; n++) {
      this.look();
      const seen = new Box3().setFromPoints(points.map((one) => one.clone().project(this.eye)));
      this.centre.copy(seen.getCenter(new Vector3()).unproject(this.eye));
      const size = seen.getSize(new Vector3());
      this.place.distance *= Math.min(2, Math.max(0.5, Math.max(size.x, size.y) / (2 * FILLED)));
    }
  }

  private look(): void {
    const { azimuth, height, distance } = this.place;
    const flat = distance * Math.cos(height);
    // The world's y points down, as the rows of a frame do.
    this.eye.up.set(0, -1, 0);
    this.eye.position.set(
      this.centre.x + flat * Math.sin(azimuth), this.centre.y - distance * Math.sin(height), this.centre.z - flat * Math.cos(azimuth),
    );
    this.eye.lookAt(this.centre);
    this.eye.updateMatrixWorld();
  }

  private setCamera(frame: Frame, world: Matrix, depth: number | null): void {
    const name = frame.result.camera;
    const before = this.cameras.get(name);
    if (before) drop(this.scene, before.group);
    const group = new Group();
    const far = BEYOND * (depth ?? (before?.group.userData.depth as number | undefined) ?? 900);
    group.userData.depth = far / BEYOND;
    const corners = cornersAt(frame.camera, frame.frame_rows, frame.frame_columns, far);
    const source = new Mesh(new SphereGeometry(0.012 * far), new MeshBasicMaterial({ color: 0xf0e442 }));
    group.add(source, detector(frame, corners), new LineSegments(lines(corners.flatMap((one) => [[0, 0, 0], one])), new LineBasicMaterial({ color: 0x5a6670 })));
    for (const one of frame.result.objects ?? [frame.result]) {
      const colour = COLOURS[one.status];
      if (colour === undefined) continue;
      for (const polygon of one.outline ?? []) {
        const points = polygon.map(([u, v]) => atPixel(frame.camera, u, v, 0.995 * far));
        group.add(new LineLoop(lines(points), new LineBasicMaterial({ color: colour })));
        const every = Math.max(1, Math.floor(points.length / RAYS));
        const rays = points.filter((_, n) => n % every === 0).flatMap((one) => [[0, 0, 0], one]);
        group.add(new LineSegments(lines(rays), new LineBasicMaterial({ color: colour, transparent: true, opacity: 0.25 })));
      }
    }
    const toWorld = inverse(world);
    group.userData.points = [[0, 0, 0], ...corners].map((one) => new Vector3(...(transform(toWorld, one) as [number, number, number])));
    group.applyMatrix4(matrix(toWorld));
    this.scene.add(group);
    this.cameras.set(name, { group, world });
  }

  private setObject(one: Found, world: Matrix, volume: Volume | null): void {
    let mesh = this.objects.get(one.case);
    if (!mesh && volume) {
      mesh = new Mesh(new BufferGeometry(), new MeshStandardMaterial({ side: DoubleSide, roughness: 0.6 }));
      mesh.matrixAutoUpdate = false;
      this.objects.set(one.case, mesh);
      this.scene.add(mesh);
      void this.fill(mesh, one.case, volume);
    }
    if (!mesh) return;
    mesh.visible = one.status !== "LOST" && !!one.camera_from_volume;
    if (!one.camera_from_volume) return;
    (mesh.material as MeshStandardMaterial).color.set(COLOURS[one.status] ?? 0x888888);
    mesh.matrix.copy(matrix(multiply(inverse(world), one.camera_from_volume)));
  }

  private async fill(mesh: Mesh, name: string, volume: Volume): Promise<void> {
    const hull = await objectHull(name, volume).catch(() => null);
    if (!hull) return;
    mesh.geometry.setAttribute("position", new BufferAttribute(hull.points, 3));
    mesh.geometry.setIndex(new BufferAttribute(hull.triangles, 1));
    mesh.geometry.computeVertexNormals();
    this.element.dataset.triangles = String(hull.triangles.length / 3);
    this.redraw();
  }

  private redraw(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.look();
      this.renderer.render(this.scene, this.eye);
      this.element.dataset.cameras = String(this.cameras.size);
      this.element.dataset.objects = String([...this.objects.values()].filter((one) => one.visible).length);
    });
  }

  private resize(): void {
    const [width, height] = [Math.max(1, this.element.clientWidth), Math.max(1, this.element.clientHeight)];
    this.renderer.setPixelRatio(Math.min(2, window.devicePixelRatio || 1));
    this.renderer.setSize(width, height, false);
    this.eye.aspect = width / height;
    this.eye.updateProjectionMatrix();
    if (!this.moved) this.fit();
    this.redraw();
  }

  private turn(azimuth: number, height: number, factor = 1): void {
    this.moved = true;
    this.place.azimuth += azimuth;
    this.place.height = Math.max(-1.5, Math.min(1.5, this.place.height + height));
    this.place.distance = Math.max(50, Math.min(15_000, this.place.distance * factor));
    this.redraw();
  }

  private listen(canvas: HTMLCanvasElement): void {
    const pointers = new Map<number, [number, number]>();
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    for (const end of ["pointerup", "pointercancel"] as const) canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
    canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now: [number, number] = [event.clientX, event.clientY];
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      pointers.set(event.pointerId, now);
      const apart = (one: [number, number]) => (other ? Math.hypot(one[0] - other[0], one[1] - other[1]) : 1);
      if (other) this.turn(0, 0, apart(before) / Math.max(1, apart(now)));
      else this.turn(-0.008 * (now[0] - before[0]), 0.008 * (now[1] - before[1]));
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.turn(0, 0, Math.exp(event.deltaY / 600));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const moves: Record<string, [number, number, number]> = {
        ArrowLeft: [0.1, 0, 1], ArrowRight: [-0.1, 0, 1], ArrowUp: [0, 0.1, 1], ArrowDown: [0, -0.1, 1], "+": [0, 0, 0.9], "-": [0, 0, 1.1],
      };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      this.turn(...move);
    });
  }
}

function matrix(given: Matrix): Matrix4 {
  return new Matrix4().set(...(given.flat() as Parameters<Matrix4["set"]>));
}

function lines(points: number[][]): BufferGeometry {
  return new BufferGeometry().setAttribute("position", new BufferAttribute(new Float32Array(points.flat()), 3));
}

// The point of a pixel's ray at a depth.
function atPixel(camera: Camera, u: number, v: number, z: number): number[] {
  const k = intrinsics(camera);
  const y = (v - k[1][2]) / k[1][1];
  return [z * ((u - k[0][2] - k[0][1] * y) / k[0][0]), z * y, z];
}

function cornersAt(camera: Camera, rows: number, columns: number, z: number): number[][] {
  return [[-0.5, -0.5], [columns - 0.5, -0.5], [columns - 0.5, rows - 0.5], [-0.5, rows - 0.5]].map(([u, v]) => atPixel(camera, u, v, z));
}

// The frame where its pixels lie; how far away the detector is drawn changes nothing of that.
function detector(frame: Frame, corners: number[][]): Mesh {
  const geometry = lines(corners);
  geometry.setAttribute("uv", new BufferAttribute(new Float32Array([0, 0, 1, 0, 1, 1, 0, 1]), 2));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  const [low, high] = autoWindow(frame.pixels);
  const data = new Uint8Array(4 * frame.pixels.length);
  frame.pixels.forEach((value, n) => {
    const shade = Math.max(0, Math.min(255, (255 * (value - low)) / (high - low)));
    data.set([shade, shade, shade, 255], 4 * n);
  });
  const texture = new DataTexture(data, frame.columns, frame.rows, RGBAFormat);
  texture.minFilter = texture.magFilter = LinearFilter;
  texture.needsUpdate = true;
  return new Mesh(geometry, new MeshBasicMaterial({ map: texture, side: DoubleSide }));
}

function drop(scene: Scene, group: Group | Mesh): void {
  group.traverse((one) => {
    if (!(one instanceof Mesh || one instanceof Line)) return;
    one.geometry.dispose();
    const material = one.material as MeshBasicMaterial;
    material.map?.dispose();
    material.dispose();
  });
  scene.remove(group);
}

