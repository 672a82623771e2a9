"""The fleet on Ray: workers, the keeper of their roster and the front door as Ray's actors. Only here is Ray imported.

Ray places and restarts the actors and adds machines for those that find no room.
"""
