// What the type check of the pages' scripts cannot know: htmx, and the events the scripts send each other.

interface HtmxDetail {
  elt: HTMLElement;
  target: HTMLElement;
  successful: boolean;
  shouldSwap: boolean;
  serverResponse: string;
  xhr?: XMLHttpRequest;
  requestConfig?: { elt: HTMLElement };
  parameters: Record<string, unknown>;
}

interface HtmxEvent extends CustomEvent<HtmxDetail> {
  readonly target: HTMLElement; // htmx sends its events from elements only
}

interface GlobalEventHandlersEventMap {
  announce: CustomEvent<string>;
  "copy-text": CustomEvent<{ button: HTMLElement; text: string }>;
  "draft-saved": CustomEvent<FormDataEntryValue | null>;
  "htmx:afterRequest": HtmxEvent;
  "htmx:afterSettle": HtmxEvent;
  "htmx:afterSwap": HtmxEvent;
  "htmx:beforeRequest": HtmxEvent;
  "htmx:beforeSwap": HtmxEvent;
  "htmx:configRequest": HtmxEvent;
  "htmx:oobBeforeSwap": HtmxEvent;
  "htmx:responseError": HtmxEvent;
  "htmx:sendError": HtmxEvent;
}

interface Window {
  htmx: { trigger(element: Element, event: string): void };
}
