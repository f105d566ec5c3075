import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { request } from "../../api/request.ts";
import { useLearningText } from "../../i18n/learning.ts";
import type { Places } from "./api.ts";

/** A place is kept in thousandths of the text. This near to its beginning or its end, it is the beginning. */
const MARGIN = 30;
const WHOLE = 1_000;
/** Who stays somewhere so long reads there. Who scrolls up to leave does not begin again. */
const SETTLE_MS = 1_500;
/** A difference that is worth a write. */
const STEP = 15;

/**
 * Brings a reader back to where they stopped in the text before it, on this device or another, and notes where they stop now:
 * once, when they leave the page or look away from it.
 */
export function ReadingPlace({ course, item }: { course: string; item: string }) {
  const text = useLearningText();
  const mark = useRef<HTMLDivElement>(null);
  const [isBack, setIsBack] = useState(false);
  const places = useQuery({
    queryKey: ["places", course],
    queryFn: () => request<Places>(`/courses/${course}/places`),
    // Another device may have read on.
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
  const known = places.data?.results.find((place) => place.item_id === item)?.place ?? 0;
  // What renders the text is loaded on demand: before that there is nothing to scroll in.
  const [isShown, setIsShown] = useState(false);
  useEffect(() => {
    const reading = textBefore(mark.current);
    if (reading === null) return;
    const observer = new MutationObserver(() => look());
    const look = () => {
      if (reading.textContent === "") return;
      observer.disconnect();
      setIsShown(true);
    };
    observer.observe(reading, { childList: true, subtree: true });
    look();
    return () => observer.disconnect();
  }, []);
  const isReady = places.isFetchedAfterMount && isShown;
  const saved = useRef(known);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is known; afterwards the reader decides.
  useEffect(() => {
    if (!isReady) return;
    saved.current = known;
    const reading = textBefore(mark.current);
    // Who has begun to scroll, or came to a place in the page, stays there.
    if (reading === null || known < MARGIN || window.scrollY > 0 || location.hash !== "") return;
    const { top, height } = reading.getBoundingClientRect();
    if (height < window.innerHeight) return;
    window.scrollTo({ top: window.scrollY + top + (height * known) / WHOLE, behavior: "instant" });
    setIsBack(true);
  }, [isReady]);
  useEffect(() => {
    if (!isReady) return;
    const reading = textBefore(mark.current);
    let last = placeIn(reading);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settle = () => {
      last = placeIn(reading);
    };
    const follow = () => {
      clearTimeout(timer);
      timer = setTimeout(settle, SETTLE_MS);
    };
    const save = () => {
      if (last === null || Math.abs(last - saved.current) < STEP) return;
      saved.current = last;
      // Lost where the network is: then the place before it stays.
      request(`/courses/${course}/places/${item}`, { method: "PUT", body: { place: last } }).catch(() => undefined);
    };
    const onHide = () => {
      if (document.visibilityState === "hidden") save();
    };
    window.addEventListener("scroll", follow, { passive: true });
    document.addEventListener("visibilitychange", onHide);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("scroll", follow);
      document.removeEventListener("visibilitychange", onHide);
      save();
    };
  }, [course, item, isReady]);
  return (
    <div ref={mark} className="reading-place" data-ready={isReady}>
      {isBack ? (
        <p role="status">
          {text.placeBack}{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              setIsBack(false);
              window.scrollTo(0, 0);
            }}
          >
            {text.placeTop}
          </button>
        </p>
      ) : null}
    </div>
  );
}

/** The text that stands before the mark. */
function textBefore(mark: HTMLElement | null): Element | null {
  return mark?.previousElementSibling ?? null;
}

/** Thousandths of the text that are above the screen; null where all of it fits, or it is gone. */
function placeIn(reading: Element | null): number | null {
  if (reading === null || !reading.isConnected) return null;
  const { top, bottom, height } = reading.getBoundingClientRect();
  if (height < window.innerHeight) return null;
  // Who has read to the end begins again.
  if (bottom <= window.innerHeight) return 0;
  const place = Math.round((-top / height) * WHOLE);
  return place < MARGIN ? 0 : Math.min(place, WHOLE);
}
