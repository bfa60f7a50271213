// Draws a skeleton: bones and joints, left and right told apart; turned by yaw and pitch if in space.

import { about } from "./state.js";
import { SIDES, paper } from "./colors.js";

let sides = null;

function sideOf() {
  if (!sides || sides.length !== about.joints.length) {
    sides = about.joints.map(() => "middle");
    for (const [left, right] of about.mirror) { sides[left] = "left"; sides[right] = "right"; }
  }
  return sides;
}

// Places on a picture: what is to be drawn in the box, turned, as large as fits.
export function projection(reach, box, { yaw = 0, pitch = 0, zoom = 1 } = {}) {
  const [low, high] = reach, space = about.dims === 3;
  const extent = (axis) => Math.max(1e-6, high[axis] - low[axis]);
  const across = space ? Math.hypot(extent(0), Math.sin(yaw) * extent(2)) : extent(0);
  const scale = zoom * 0.86 * Math.min(box.width / across, box.height / extent(1));
  const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, space ? (low[2] + high[2]) / 2 : 0];
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return (x, y, z) => {
    const [dx, dy, dz] = [x - middle[0], y - middle[1], space ? z - middle[2] : 0];
    const right = cy * dx + sy * dz, away = cy * dz - sy * dx, up = cp * dy - sp * away;
    return [box.x + box.width / 2 + scale * right, box.y + box.height / 2 + (space ? -1 : 1) * scale * up];
  };
}

export function drawSkeleton(context, frame, place, { thick = 3 } = {}) {
  const { dims, bodies, joints, bones } = about, side = sideOf(), count = joints.length;
  context.lineCap = "round";
  for (let body = 0; body < bodies; body += 1) {
    const points = [];
    for (let joint = 0; joint < count; joint += 1) {
      const at = (body * count + joint) * dims;
      points.push(Number.isNaN(frame[at]) ? null : place(frame[at], frame[at + 1], dims === 3 ? frame[at + 2] : 0));
    }
    context.globalAlpha = body ? 0.6 : 1;
    for (const [child, parent] of bones) {
      if (!points[child] || !points[parent]) continue;
      context.strokeStyle = SIDES[side[child]];
      context.lineWidth = thick;
      context.beginPath();
      context.moveTo(...points[child]);
      context.lineTo(...points[parent]);
      context.stroke();
    }
    context.fillStyle = paper().ink;
    for (const point of points) {
      if (!point) continue;
      context.beginPath();
      context.arc(...point, thick * 0.75, 0, 2 * Math.PI);
      context.fill();
    }
  }
  context.globalAlpha = 1;
}
