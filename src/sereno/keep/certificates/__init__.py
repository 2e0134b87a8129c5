"""Will the certificate be renewed in time, and is the renewed one served?"""
