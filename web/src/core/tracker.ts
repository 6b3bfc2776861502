/** Following faces, as realtime/tracking/tracker.py: found once, then each frame's crop comes from the mask of the frame before. */
import { type FoundFace, isSameFace } from "./finder";
import { type Box, Crop, type Layout, type Point, distance, layoutPoints, turnOf } from "./geometry";
import { type Image } from "./image";
import { type Part, type Probs, measureParts, partChannels } from "./postprocess";
import { cropFace } from "./preprocess";
import { BACKGROUND, type Region } from "./regions";
import { CropSmoother, ProbsSmoother, type Strength } from "./smoothing";
import tables from "./tables.json";
import { StageTimer } from "./timing";

const rules = tables.tracker;

/** The segmenter: so many BGR crops in, the probabilities of each out, each in memory of its own. */
export type RunSegmenter = (cropsBgr: readonly Image[]) => Promise<Probs[]>;
export type Find = (frameRgba: Image) => Promise<FoundFace[]>;

export type Face = {
  readonly number: number;
  readonly crop: Crop;
  readonly probs: Probs;
  readonly regions: readonly Region[];
};

type Track = {
  /** Stays with the face while it is in view; 0 until it has one. */
  number: number;
  nextCrop: Crop;
  /** When at least two of its parts were last seen, or the finder saw it. */
  sureS: number;
  crop: Crop;
  cropBgr?: Image;
  probs?: Probs;
  boxes: (Box | undefined)[];
  cropSmoother?: CropSmoother;
  probsSmoother?: ProbsSmoother;
};

export type TrackerOptions = {
  readonly regions: readonly Region[];
  readonly layout: Layout;
  readonly mostFaces: number;
  readonly strength?: Strength;
};

/** Finds, follows and gives up faces. */
export class FaceTracker {
  readonly #channels?: number[][];
  readonly #strength?: Strength;
  #tracks: Track[] = [];
  #lastSeen = new Map<number, { timeS: number; crop: Crop }>();
  #nextNumber = 1;
  #lookedS = -Infinity;
  #seenS = -Infinity;

  constructor(
    private readonly find: Find,
    private readonly segment: RunSegmenter,
    private readonly options: TrackerOptions,
    private readonly timer = new StageTimer(),
  ) {
    this.#channels = partChannels(options.regions);
    this.#strength = this.#channels && options.strength;
    this.#forget(Infinity);
  }

  /** The faces of this frame, each with its mask on this very frame; `isStill`: it has nothing to do with the last. */
  async follow(frameRgba: Image, timeS: number, isStill: boolean): Promise<Face[]> {
    if (isStill || !this.#channels || timeS < Math.max(this.#seenS, this.#lookedS)) this.#forget(timeS);
    await this.#segment(this.#tracks, frameRgba);
    this.#tracks = withoutDoubles(this.#tracks.filter((track) => this.#goesOn(track, timeS)));
    if (this.#isTimeToLook(timeS)) await this.#look(frameRgba, timeS);
    this.#remember(timeS);
    if (this.#strength && !isStill) {
      this.timer.time("smooth", () => this.#tracks.forEach((track) => this.#smooth(track, timeS)));
    }
    const { regions } = this.options;
    return this.#tracks.map(({ number, crop, probs }) => ({ number, crop, probs: probs!, regions }));
  }

  #forget(timeS: number): void {
    this.#tracks = [];
    this.#lastSeen.clear();
    this.#nextNumber = 1;
    this.#lookedS = -Infinity;
    this.#seenS = timeS;
  }

  #remember(timeS: number): void {
    if (this.#tracks.length) this.#seenS = timeS;
    for (const [number, { timeS: seenS }] of this.#lastSeen) {
      if (timeS - seenS > rules.rememberS) this.#lastSeen.delete(number);
    }
    for (const { number, nextCrop } of this.#tracks) this.#lastSeen.set(number, { timeS, crop: nextCrop });
  }

  #isTimeToLook(timeS: number): boolean {
    const sinceLook = timeS - this.#lookedS;
    if (!this.#tracks.length) return timeS - this.#seenS < rules.keenS || sinceLook >= rules.idleLookS;
    const inDoubt = this.#tracks.some((track) => timeS > track.sureS);
    return sinceLook >= rules.lookAgainS && (inDoubt || this.#tracks.length < this.options.mostFaces);
  }

  /** Set crop and probabilities of these tracks, all in one batch. */
  async #segment(tracks: readonly Track[], frameRgba: Image): Promise<void> {
    if (!tracks.length) return;
    const crops = this.timer.time("crop", () => tracks.map((track) => {
      track.crop = track.nextCrop;
      return (track.cropBgr = cropFace(frameRgba, track.crop));
    }));
    const probs = await this.timer.timeAsync("infer", () => this.segment(crops));
    tracks.forEach((track, index) => (track.probs = probs[index]));
  }

  /** Ask the finder; faces in doubt that it sees are sure again, and new ones are followed from now on. */
  async #look(frameRgba: Image, timeS: number): Promise<void> {
    this.#lookedS = timeS;
    const found = await this.timer.timeAsync("find", () => this.find(frameRgba));
    const unknown: FoundFace[] = [];
    for (const one of found) {
      const known = this.#tracks.filter((track) => isSameFace(one.points, track.nextCrop.facePoints));
      known.forEach((track) => (track.sureS = timeS));
      if (!known.length) unknown.push(one);
    }
    while (unknown.length && this.#tracks.length < this.options.mostFaces) {
      const wanted = unknown.splice(0, this.options.mostFaces - this.#tracks.length);
      this.#tracks.push(...(await this.#confirm(wanted, frameRgba, timeS)));
      this.#tracks = withoutDoubles(this.#tracks);
    }
    for (const track of this.#tracks) track.number ||= this.#numberFor(track.nextCrop);
  }

  /** Those of the finds that their own masks show to be faces, each crop settled on its mask. */
  async #confirm(found: readonly FoundFace[], frameRgba: Image, timeS: number): Promise<Track[]> {
    let tracks = found.flatMap((one) => this.#newTrack(one, timeS) ?? []);
    for (let round = 0; round <= (this.#channels ? rules.refinements : 0); round++) {
      await this.#segment(tracks, frameRgba);
      tracks = tracks.filter((track) => this.#goesOn(track, timeS));
    }
    return tracks;
  }

  #newTrack({ score, points }: FoundFace, timeS: number): Track | undefined {
    const crop = Crop.fromPoints(points, this.options.layout);
    if (!crop) return undefined;
    const sureS = score >= rules.minScoreAlone ? timeS : -Infinity;
    const track: Track = { number: 0, nextCrop: crop, sureS, crop, boxes: [] };
    if (this.#strength && this.#channels) {
      const background = this.options.regions.indexOf(BACKGROUND);
      const smoothed = this.#channels.map((part) => (background < 0 ? part : [...part, background]));
      track.cropSmoother = new CropSmoother(this.#strength);
      track.probsSmoother = new ProbsSmoother(this.#strength, smoothed);
    }
    return track;
  }

  /** The old number of a face that was here a moment ago, or a new one. */
  #numberFor(crop: Crop): number {
    const taken = new Set(this.#tracks.map((track) => track.number));
    for (const [number, { crop: old }] of this.#lastSeen) {
      if (!taken.has(number) && isSameFace(crop.facePoints, old.facePoints)) return number;
    }
    return this.#nextNumber++;
  }

  /** Set the next crop from this mask; false where the face is to be given up. */
  #goesOn(track: Track, timeS: number): boolean {
    const channels = this.#channels;
    if (!channels) return true;
    const parts = this.timer.time("measure", () => measureParts(track.probs!, channels));
    track.boxes = parts.map((part) => part.box);
    const seen = seenParts(parts);
    if (seen.filter(Boolean).length >= 2) track.sureS = timeS;
    else if (!(seen[2] && parts[2].certainty >= rules.minCertaintyAlone && timeS - track.sureS <= rules.doubtS)) return false;
    const points = completePoints(parts, seen, layoutPoints(track.crop.layout));
    const next = Crop.fromPoints(points.map((point) => track.crop.toFrame(point)), this.options.layout);
    if (!next) return false;
    track.nextCrop = next;
    return isNear(track.crop, next);
  }

  #smooth(track: Track, timeS: number): void {
    if (!track.cropSmoother || !track.probsSmoother) return;
    track.probsSmoother.smooth(track.probs!, track.cropBgr!, track.boxes);
    track.nextCrop = track.cropSmoother.smooth(track.nextCrop, timeS);
  }
}

/** The tracks, less those that have come to lie on an older one. */
function withoutDoubles(tracks: readonly Track[]): Track[] {
  const kept: Track[] = [];
  for (const track of tracks) {
    const points = track.nextCrop.facePoints;
    if (!kept.some((other) => isSameFace(points, other.nextCrop.facePoints))) kept.push(track);
  }
  return kept;
}

/** Which of the parts are there, as large and as certain as a face's; none where one is larger than any face's. */
function seenParts(parts: readonly Part[]): boolean[] {
  const isTooLarge = parts.some(({ areaPx }, index) => areaPx > rules.mostPx[index]);
  return parts.map(
    ({ areaPx, certainty }, index) => !isTooLarge && areaPx >= rules.leastPx[index] && certainty >= rules.minCertainty,
  );
}

/** A part that is not seen (a blink, a hand) moves as those that are. */
function completePoints(parts: readonly Part[], seen: readonly boolean[], expected: readonly Point[]): Point[] {
  const count = seen.filter(Boolean).length;
  let dx = 0, dy = 0;
  parts.forEach(({ point }, index) => {
    if (!seen[index] || !point) return;
    dx += (point[0] - expected[index][0]) / count;
    dy += (point[1] - expected[index][1]) / count;
  });
  return expected.map(([x, y], index) => (seen[index] && parts[index].point) || [x + dx, y + dy]);
}

/** Whether one frame can have moved a face from this crop to that one. */
function isNear(before: Crop, after: Crop): boolean {
  const step = distance(before.midEyePx, after.midEyePx) * before.scale;
  const zoom = Math.max(after.scale / before.scale, before.scale / after.scale);
  const turn = Math.abs(turnOf(after.angleRad - before.angleRad));
  return step <= rules.maxStepPx && zoom <= rules.maxZoom && turn <= rules.maxTurnRad;
}
