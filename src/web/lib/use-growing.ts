import { useEffect, useState } from "react";

/**
 * How many of a list to draw: a piece more with each frame, so that the page takes what is pressed in between.
 * @param length of the list. One that is shorter than before is drawn at once.
 * @param piece drawn at once.
 */
export function useGrowing(length: number, piece: number): number {
  const [drawn, setDrawn] = useState(piece);
  useEffect(() => {
    if (drawn >= length) return undefined;
    // After the frame in which the last piece was drawn.
    const frame = requestAnimationFrame(() => setDrawn((now) => now + piece));
    return () => cancelAnimationFrame(frame);
  }, [drawn, length, piece]);
  return Math.min(drawn, length);
}
