/** What `holdfast` ends with: all checks hold, a check failed, or it could not run (the reason on stderr). */
export const OK = 0;
export const CHECK_FAILED = 1;
export const COULD_NOT_RUN = 2;
