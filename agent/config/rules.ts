// What concerns more than one key of a configuration. The sections that are wrong in themselves are absent
// here, so that these rules are checked, and reported, together with everything else.

