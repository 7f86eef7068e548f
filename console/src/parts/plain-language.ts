/**
 * A Chromium that was started under the locale C or POSIX names its language "en-US@posix", which no formatter takes,
 * and uPlot makes one as it is loaded: this has to be imported before it.
 */
if (navigator.language.includes("@")) {
  Object.defineProperty(navigator, "language", { value: navigator.language.replace(/@.*$/, "") });
}
