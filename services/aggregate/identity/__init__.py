"""Who is who on record: from the actors that articles name to one actor each. Pure: no database, no log.

Three layers decide, each over the one before: what an article itself settles (:mod:`.local`), links between
names that are the same (:mod:`.linking`), and people's decisions.
"""
