import { request } from "../../api/request.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { useWebhookText } from "../../i18n/webhooks.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Table } from "../operator/section.tsx";
import { useDeliveries, useWebhookWrite } from "./api.ts";

/** The deliveries of one receiver, the newest first, each with the button that delivers it again. */
export function DeliveryList({ webhook }: { webhook: string }) {
  const text = useWebhookText();
  const language = useLanguage();
  const pages = useDeliveries(webhook);
  const replay = useWebhookWrite((id: string) =>
    request(`/webhooks/${webhook}/deliveries/${id}/replay`, { method: "POST" }),
  );
  const rows = pages.data?.pages.flatMap(({ results }) => results) ?? [];
  if (pages.isPending) return <Loading />;
  return (
    <>
      {pages.isError ? <FaultNote fault={pages.error} retry={() => void pages.refetch()} /> : null}
      {replay.isError ? <FaultNote fault={replay.error} /> : null}
      <p role="status">{replay.isSuccess ? text.replayed : null}</p>
      {rows.length === 0 ? (
        <p>{text.noDeliveries}</p>
      ) : (
        <Table label={text.showDeliveries} head={[text.event, text.when, text.state, text.tries, text.replay]}>
          {rows.map(({ id, type, happened_at, state, tries, error, next_at }) => (
            <tr key={id} data-delivery={id}>
              <td>{text.typeOf(type)}</td>
              <td>{formatInstant(happened_at, language)}</td>
              <td>
                {text.stateOf(state)}
                {error === null ? null : <div className="fine">{error}</div>}
                {next_at === null ? null : <div className="fine">{text.nextTry(formatInstant(next_at, language))}</div>}
              </td>
              <td className="number">{tries}</td>
              <td>
                <button
                  type="button"
                  className="button is-small"
                  aria-disabled={replay.isPending}
                  onClick={() => {
                    if (!replay.isPending) replay.mutate(id);
                  }}
                >
                  {text.replay}
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {pages.hasNextPage ? (
        <button type="button" className="button is-small" onClick={() => void pages.fetchNextPage()}>
          {text.more}
        </button>
      ) : null}
    </>
  );
}
