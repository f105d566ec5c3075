import { type KeyboardEvent, useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Need } from "../../api/needs.ts";
import { useMessages } from "../../i18n/index.ts";
import { StateIcon } from "../../parts/icons.tsx";
import { JustOpened, stateWord, useJustOpened } from "../../parts/state.tsx";
import { useDragScroll } from "./drag-scroll.ts";
import { CARD, type Direction, type MapNode, mapEdges, neighbour, pathOf, placeNodes } from "./layout.ts";

const ZOOM = { least: 0.4, readable: 0.8, most: 1.5, step: 0.15 };
/** Problems of a card that are drawn one by one; of more, a bar says how far it is. */
const MAX_PIPS = 20;
const ARROWS: Record<string, Direction> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
};

interface GraphProps {
  nodes: readonly MapNode[];
  needs: readonly Need[];
  /** Card whose details are shown. */
  selected: string | null;
  /** What the selected card still waits for. */
  missing: ReadonlySet<string>;
  select: (id: string) => void;
}

/** The course as a map: one card a chapter, lines from what is needed to what needs it. */
export function MapGraph({ nodes, needs, selected, missing, select }: GraphProps) {
  const messages = useMessages();
  const ids = nodes.map((node) => node.id).join(" ");
  // Placing depends on which cards and lines there are, never on their states: nothing moves while somebody works.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `ids` stands for the nodes.
  const plan = useMemo(() => placeNodes(nodes, mapEdges(nodes, needs)), [ids, needs]);
  const frame = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(1);
  const [focused, setFocused] = useState<string | null>(null);
  useDragScroll(frame);
  const isToCentre = useRef(true);
  const fitTo = (least: number) => {
    isToCentre.current = true;
    const width = frame.current?.clientWidth ?? plan.width;
    setZoom(Math.max(least, Math.min(1, width / plan.width)));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the width of the plan is what `fit` looks at.
  useEffect(() => fitTo(ZOOM.readable), [plan.width]);

  // The map opens with the card that was asked for, or the first one, in the middle of what can be seen of it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per drawing; afterwards the person decides.
  useLayoutEffect(() => {
    const place = plan.places.get(selected ?? nodes[0]?.id ?? "");
    const element = frame.current;
    if (place === undefined || element === null || !isToCentre.current) return;
    isToCentre.current = false;
    element.scrollLeft = place.x * zoom - element.clientWidth / 2;
    element.scrollTop = selected === null ? 0 : place.y * zoom - element.clientHeight / 2;
  }, [plan, zoom]);

  // The cards come first; what is in them is drawn in pieces after that, so that a large course does not hold the page up.
  const withPips = useDeferredValue(true, false);
  const stateOf = new Map(nodes.map((node) => [node.id, node.row.status]));
  const current = focused ?? selected ?? nodes[0]?.id ?? null;
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = ARROWS[event.key];
    if (direction === undefined || current === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = neighbour(plan.places, current, direction);
    if (next === null) return;
    setFocused(next);
    document.getElementById(cardId(next))?.focus();
  };
  return (
    <div className="map">
      <div className="map-tools">
        <button
          type="button"
          className="button is-small"
          onClick={() => setZoom((z) => Math.max(ZOOM.least, z - ZOOM.step))}
        >
          <span aria-hidden="true">−</span>
          <span className="visually-hidden">{messages.zoomOut}</span>
        </button>
        <button type="button" className="button is-small" onClick={() => fitTo(ZOOM.least)}>
          {messages.zoomFit}
        </button>
        <button
          type="button"
          className="button is-small"
          onClick={() => setZoom((z) => Math.min(ZOOM.most, z + ZOOM.step))}
        >
          <span aria-hidden="true">+</span>
          <span className="visually-hidden">{messages.zoomIn}</span>
        </button>
        <p className="fine" id="map-help">
          {messages.mapHelp}
        </p>
      </div>
      <div className="map-frame" ref={frame}>
        <div className="map-sheet" style={{ width: plan.width * zoom, height: plan.height * zoom }}>
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms; this groups the cards. */}
          <div
            className="map-plane"
            role="group"
            aria-label={messages.mapTitle}
            aria-describedby="map-help"
            style={{ width: plan.width, height: plan.height, transform: `scale(${zoom})` }}
            onKeyDown={onKeyDown}
          >
            <svg className="map-lines" width={plan.width} height={plan.height} aria-hidden="true" focusable="false">
              <defs>
                <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
                  <path d="M1 1l6 3-6 3" className="arrow-head" />
                </marker>
              </defs>
              {plan.edges.map((edge) => (
                <path
                  key={`${edge.from} ${edge.to}`}
                  className={lineClass(edge, stateOf, selected, missing)}
                  d={pathOf(edge.points)}
                  markerEnd="url(#arrow)"
                />
              ))}
            </svg>
            {nodes.map((node) => (
              <MapCard
                key={node.id}
                node={node}
                place={plan.places.get(node.id) ?? { x: 0, y: 0 }}
                isSelected={node.id === selected}
                isCurrent={node.id === current}
                withPips={withPips}
                onFocus={() => setFocused(node.id)}
                onSelect={() => select(node.id)}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

function lineClass(
  edge: { from: string; to: string },
  stateOf: ReadonlyMap<string, string>,
  selected: string | null,
  missing: ReadonlySet<string>,
): string {
  const classes = ["line", stateOf.get(edge.to) === "locked" ? "is-waiting" : "is-met"];
  if (selected === edge.to) classes.push("is-near", ...(missing.has(edge.from) ? ["is-missing"] : []));
  if (selected === edge.from) classes.push("is-near");
  return classes.join(" ");
}

function cardId(node: string): string {
  return `card-${node}`;
}

function MapCard(props: {
  node: MapNode;
  place: { x: number; y: number };
  isSelected: boolean;
  isCurrent: boolean;
  withPips: boolean;
  onFocus: () => void;
  onSelect: () => void;
}) {
  const { node, place, isSelected, isCurrent, withPips, onFocus, onSelect } = props;
  const messages = useMessages();
  const { row, problems } = node;
  const isNew = useJustOpened(node.row);
  const solved = problems.filter((problem) => problem.status === "completed").length;
  const isChapter = "is_locked" in row;
  const kind = isChapter ? messages.chapter : messages.problem;
  return (
    <button
      type="button"
      id={cardId(node.id)}
      className={`map-card is-${row.status} ${isChapter ? "" : "is-problem"} ${isNew ? "is-new" : ""}`}
      style={{ left: place.x - CARD.width / 2, top: place.y - CARD.height / 2, width: CARD.width, height: CARD.height }}
      aria-pressed={isSelected}
      data-item={node.id}
      data-state={row.status}
      tabIndex={isCurrent ? 0 : -1}
      onFocus={onFocus}
      onClick={onSelect}
    >
      {/* The title comes first for screen readers; the style sheet puts the state above it. */}
      <span className="map-card-title">
        <span className="visually-hidden">{kind} </span>
        {row.title}
      </span>
      <span className="map-card-top">
        <StateIcon state={row.status} />
        <span className="map-card-state">{stateWord(row.status, messages)}</span>
        {problems.length === 0 ? null : (
          <span className="map-card-count">{messages.solvedShort(solved, problems.length)}</span>
        )}
      </span>
      {problems.length > MAX_PIPS ? (
        <span className="pip-bar" aria-hidden="true">
          <span style={{ width: `${(100 * solved) / problems.length}%` }} />
        </span>
      ) : (
        <span className="pips" aria-hidden="true">
          {withPips ? problems.map((problem) => <Pip key={problem.id} problem={problem} />) : null}
        </span>
      )}
      <JustOpened item={node.row} />
    </button>
  );
}

function Pip({ problem }: { problem: MapNode["problems"][number] }) {
  const isNew = useJustOpened(problem);
  return (
    <span
      className={`pip ${isNew ? "is-new" : ""}`}
      title={problem.title}
      data-item={problem.id}
      data-state={problem.status}
    >
      <StateIcon state={problem.status} />
    </span>
  );
}
