import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";

/** One subject of the operator's page: its name, what it is about, and its data once they are there. */
export function Section<T>(props: {
  title: string;
  lead: string;
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
}) {
  const { title, lead, query, children } = props;
  const messages = useMessages();
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div className="section-head">
        <h2 id={id}>{title}</h2>
        <p className="fine">{lead}</p>
        <div className="actions">
          <button type="button" className="button is-small" onClick={() => void query.refetch()}>
            {messages.refresh}
            <span className="visually-hidden"> ({title})</span>
          </button>
        </div>
      </div>
      {query.isError ? <FaultNote fault={query.error} retry={() => void query.refetch()} /> : null}
      {query.data === undefined ? query.isError ? null : <Loading /> : children(query.data)}
    </section>
  );
}

/** A table that scrolls by itself where it is wider than the screen. */
export function Table({ label, head, children }: { label: string; head: readonly string[]; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="table-scroll" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {head.map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
