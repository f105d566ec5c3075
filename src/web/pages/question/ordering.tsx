import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import type { AskedQuestion } from "../../api/types.ts";
import { useMessages } from "../../i18n/index.ts";
import { Markdown } from "../../parts/markdown.tsx";
import { idsOf } from "./answer.ts";

/** Lines that are put in order: by dragging, by buttons, or by arrows while a line's buttons have the focus. */
export function OrderingField(props: { question: AskedQuestion; value: string; onChange: (value: string) => void }) {
  const { question, value, onChange } = props;
  const messages = useMessages();
  const list = useRef<HTMLOListElement>(null);
  const [dragged, setDragged] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const named = idsOf(value);
  // An answer that was kept may be of options that are no more, or not of all.
  const order = [...named, ...question.options.map(({ id }) => id)].flatMap((id, index, all) =>
    all.indexOf(id) === index ? (question.options.find((option) => option.id === id) ?? []) : [],
  );
  const plain = (text: string) => text.replace(/[*_`$\\]/g, "");
  const move = (id: string, to: number) => {
    const from = order.findIndex((option) => option.id === id);
    const [option] = order.slice(from, from + 1);
    if (option === undefined || to < 0 || to >= order.length || to === from) return;
    const next = order.toSpliced(from, 1).toSpliced(to, 0, option);
    onChange(next.map((each) => each.id).join(", "));
    setSaid(messages.questionPlace(plain(option.text), to + 1, order.length));
  };
  const onKeyDown = (event: KeyboardEvent, id: string, index: number) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(id, index + step);
  };
  const onPointerMove = (event: PointerEvent) => {
    if (dragged === null) return;
    const lines = [...(list.current?.children ?? [])];
    const over = lines.findIndex((line) => event.clientY < line.getBoundingClientRect().bottom);
    move(dragged, over === -1 ? lines.length - 1 : over);
  };
  return (
    <fieldset className="options">
      <legend>{messages.questionOrdering}</legend>
      <p className="fine">{messages.questionOrderingHint}</p>
      <ol
        className="ordering"
        ref={list}
        onPointerMove={onPointerMove}
        onPointerUp={() => setDragged(null)}
        onPointerCancel={() => setDragged(null)}
      >
        {order.map(({ id, text }, index) => (
          <li key={id} className={dragged === id ? "option is-dragged" : "option"} data-option={id}>
            <span
              className="grip"
              aria-hidden="true"
              onPointerDown={(event) => {
                event.preventDefault();
                list.current?.setPointerCapture(event.pointerId);
                setDragged(id);
              }}
            >
              ⠿
            </span>
            <Markdown source={text} />
            <span className="order-buttons">
              <button
                type="button"
                className="button is-small is-quiet"
                aria-label={messages.questionUp(plain(text))}
                aria-disabled={index === 0}
                onClick={() => move(id, index - 1)}
                onKeyDown={(event) => onKeyDown(event, id, index)}
              >
                ↑
              </button>
              <button
                type="button"
                className="button is-small is-quiet"
                aria-label={messages.questionDown(plain(text))}
                aria-disabled={index === order.length - 1}
                onClick={() => move(id, index + 1)}
                onKeyDown={(event) => onKeyDown(event, id, index)}
              >
                ↓
              </button>
            </span>
          </li>
        ))}
      </ol>
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </fieldset>
  );
}
