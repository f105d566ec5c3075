import { SSEConnectionStatus } from "../../client/react/index.ts";
import { useLanguage } from "../i18n/index.ts";

/** How live the page is right now. */
export function Connection() {
  return <SSEConnectionStatus className="connection" lang={useLanguage()} />;
}
