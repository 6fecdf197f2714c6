/** Overlap of two boxes as COCO defines it; both xywh in pixels. */
import type { XywhPx } from './cocoTypes.ts';

/**
 * Intersection over union in 0..1. Against a crowd the union is replaced by the detection's own area, so a detection
 * wholly inside the crowd's box scores 1 however small it is.
 */
export function boxIou(detectionXywhPx: XywhPx, objectXywhPx: XywhPx, objectIsCrowd: boolean): number {
  const [dx, dy, dw, dh] = detectionXywhPx;
  const [ox, oy, ow, oh] = objectXywhPx;
  const width = Math.min(dx + dw, ox + ow) - Math.max(dx, ox);
  if (width <= 0) return 0;
  const height = Math.min(dy + dh, oy + oh) - Math.max(dy, oy);
  if (height <= 0) return 0;
  const intersection = width * height;
  return intersection / (objectIsCrowd ? dw * dh : dw * dh + ow * oh - intersection);
}
