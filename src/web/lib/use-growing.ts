import { useEffect, useState } from "react";

/**
 * How many entries of a list to draw: some more with each frame, so that the page handles input in between.
 * @param length of the list. A list that became shorter is drawn at once.
 * @param piece entries drawn at once.
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
